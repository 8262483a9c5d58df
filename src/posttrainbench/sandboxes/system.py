"""The read-only system that a bubblewrap sandbox shows: programs, libraries, a little of /etc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from . import HOME, TMP
from .environment import USER

UID = 1000
HOSTNAME = "sandbox"

_PROGRAMS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")

# Of /etc only what programs need to start, to check certificates and to know the time.  Folders
# that may hold private keys (/etc/ssl/private, /etc/pki/tls/private) are left out by naming their
# neighbours: a worker that runs as root could read them, and so could its sandbox.
_SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/crypto-policies",
)

# What numeric libraries read to find out about cores and NUMA nodes.
_HARDWARE = ("/sys/devices/system/cpu", "/sys/devices/system/node")
# What NVML, NCCL and friends read to find out about accelerators; only where devices are given.
_ACCELERATORS = ("/sys/devices", "/sys/bus/pci", "/sys/class", "/sys/module/nvidia")


def programs(root: Path = Path("/")) -> Iterator[str]:
    """Options that show /usr and, in the host's own layout, /bin, /lib and their kin."""
    for parent in ("/etc", "/home", "/sys"):
        # Said, because bubblewrap would make them for their owner alone.
        yield from ("--perms", "0755", "--dir", parent)
    yield from ("--ro-bind", str(root / "usr"), "/usr")
    for name in _PROGRAMS:
        place = root / name.lstrip("/")
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), name)
        elif place.is_dir():
            yield from ("--ro-bind", str(place), name)


def settings(*, network: bool, devices: bool) -> Iterator[str]:
    """Options that show the host's own settings files and hardware description."""
    for path in (*_SETTINGS, *_HARDWARE, *(_ACCELERATORS if devices else ())):
        yield from ("--ro-bind-try", path, path)
    yield from ("--symlink", "../usr/lib/os-release", "/etc/os-release")
    resolver = Path("/etc/resolv.conf")
    if network and resolver.exists():
        # Often a link into /run, which the sandbox does not have.
        yield from ("--ro-bind", str(resolver.resolve()), str(resolver))


def written(*, network: bool) -> dict[str, bytes]:
    """Files of /etc that we write ourselves: the host's own tell about its people and network."""
    hosts = f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {HOSTNAME}\n"
    own = Path("/etc/hosts")
    if network and own.exists():
        hosts = f"{own.read_text(errors='replace').rstrip()}\n127.0.1.1 {HOSTNAME}\n"
    files = {
        "/etc/passwd": (
            "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
            f"{USER}:x:{UID}:{UID}:{USER}:{HOME}:{_shell()}\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        ),
        "/etc/group": f"root:x:0:\n{USER}:x:{UID}:\nnogroup:x:65534:\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "/etc/hosts": hosts,
    }
    return {path: text.encode() for path, text in files.items()}


def _shell() -> str:
    """The login shell, which some agents run every command in."""
    return "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"


def scaffold(shared_memory: int | None) -> Iterator[str]:
    """Options for a private /proc, a minimal /dev and the usual empty folders.

    ``/dev/shm`` is private memory (data loaders need it), of at most ``shared_memory`` bytes.
    """
    yield from ("--proc", "/proc", "--dev", "/dev")
    if shared_memory is not None:
        yield from ("--size", str(shared_memory))
    yield from ("--perms", "1777", "--tmpfs", "/dev/shm")  # noqa: S108 - inside the sandbox
    yield from ("--dir", "/run", "--dir", "/var", "--symlink", TMP, "/var/tmp")  # noqa: S108
