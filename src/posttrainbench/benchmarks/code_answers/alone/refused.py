"""Which system calls code under judgement may not make, by their numbers."""

from __future__ import annotations

REFUSED: tuple[tuple[str, int | None, int | None], ...] = (
    # processes, threads, programs
    ("fork", 57, None), ("vfork", 58, None), ("clone", 56, 220), ("clone3", 435, 435),
    ("execve", 59, 221), ("execveat", 322, 281),
    # other processes
    ("kill", 62, 129), ("tkill", 200, 130), ("tgkill", 234, 131),
    ("rt_sigqueueinfo", 129, 138), ("rt_tgsigqueueinfo", 297, 240), ("pidfd_open", 434, 434),
    ("pidfd_send_signal", 424, 424), ("pidfd_getfd", 438, 438), ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270), ("process_vm_writev", 311, 271),
    ("process_madvise", 440, 440), ("process_mrelease", 448, 448), ("kcmp", 312, 272),
    # sockets, and handing over descriptors
    ("socket", 41, 198), ("socketpair", 53, 199), ("connect", 42, 203), ("bind", 49, 200),
    ("listen", 50, 201), ("accept", 43, 202), ("accept4", 288, 242), ("sendmsg", 46, 211),
    ("sendmmsg", 307, 269),
    # the file system; open and openat are refused by their flags
    ("openat2", 437, 437), ("creat", 85, None), ("mknod", 133, None), ("mknodat", 259, 33),
    ("mkdir", 83, None), ("mkdirat", 258, 34), ("rmdir", 84, None), ("unlink", 87, None),
    ("unlinkat", 263, 35), ("rename", 82, None), ("renameat", 264, 38), ("renameat2", 316, 276),
    ("link", 86, None), ("linkat", 265, 37), ("symlink", 88, None), ("symlinkat", 266, 36),
    ("truncate", 76, 45), ("ftruncate", 77, 46), ("fallocate", 285, 47), ("chmod", 90, None),
    ("fchmod", 91, 52), ("fchmodat", 268, 53), ("fchmodat2", 452, 452), ("chown", 92, None),
    ("fchown", 93, 55), ("lchown", 94, None), ("fchownat", 260, 54), ("utime", 132, None),
    ("utimes", 235, None), ("futimesat", 261, None), ("utimensat", 280, 88),
    ("setxattr", 188, 5), ("lsetxattr", 189, 6), ("fsetxattr", 190, 7),
    ("setxattrat", 463, 463), ("removexattr", 197, 14), ("lremovexattr", 198, 15),
    ("fremovexattr", 199, 16), ("removexattrat", 466, 466), ("file_setattr", 469, 469),
    ("memfd_create", 319, 279), ("memfd_secret", 447, 447), ("open_by_handle_at", 304, 265),
    # mounts and namespaces
    ("mount", 165, 40), ("umount2", 166, 39), ("pivot_root", 155, 41), ("chroot", 161, 51),
    ("unshare", 272, 97), ("setns", 308, 268), ("open_tree", 428, 428),
    ("open_tree_attr", 467, 467),
    ("move_mount", 429, 429), ("fsopen", 430, 430), ("fsconfig", 431, 431),
    ("fsmount", 432, 432), ("fspick", 433, 433), ("mount_setattr", 442, 442),
    # kernel objects that outlive a process
    ("shmget", 29, 194), ("shmat", 30, 196), ("shmctl", 31, 195), ("msgget", 68, 186),
    ("semget", 64, 190), ("mq_open", 240, 180), ("add_key", 248, 217),
    ("request_key", 249, 218), ("keyctl", 250, 219),
    # limits, priorities, privileges
    ("setrlimit", 160, 164), ("prlimit64", 302, 261), ("setpriority", 141, 140),
    ("sched_setaffinity", 203, 122), ("sched_setscheduler", 144, 119),
    ("sched_setparam", 142, 118), ("sched_setattr", 314, 274), ("ioprio_set", 251, 30),
    ("capset", 126, 91), ("personality", 135, 92),
    # devices and the rest of the kernel's surface
    ("ioctl", 16, 29), ("io_uring_setup", 425, 425), ("io_uring_enter", 426, 426),
    ("io_uring_register", 427, 427), ("bpf", 321, 280), ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282), ("fanotify_init", 300, 262), ("kexec_load", 246, 104),
    ("kexec_file_load", 320, 294), ("init_module", 175, 105), ("finit_module", 313, 273),
    ("delete_module", 176, 106), ("reboot", 169, 142), ("swapon", 167, 224),
    ("swapoff", 168, 225), ("acct", 163, 89), ("settimeofday", 164, 170),
    ("clock_settime", 227, 112), ("adjtimex", 159, 171), ("clock_adjtime", 305, 266),
    ("sethostname", 170, 161), ("setdomainname", 171, 162), ("syslog", 103, 116),
    ("quotactl", 179, 60), ("quotactl_fd", 443, 443), ("iopl", 172, None),
    ("ioperm", 173, None), ("modify_ldt", 154, None), ("vhangup", 153, 58),
)  # fmt: skip
"""Name, number on x86_64, number on aarch64 (``None``: it has no such call)."""

WRITING = 0o1 | 0o2 | 0o100 | 0o1000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC."""
FLAGS = (("open", 2, None, 1), ("openat", 257, 56, 2))
"""Calls whose flags stand in that argument."""
FCNTL = (72, 25)
OWNERS = (8, 10, 15)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX: with them a descriptor sends any signal to any process."""
