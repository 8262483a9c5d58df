"""Made-up publications: a hub's content, wheels, BFCL records."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Hub:
    """Files by (repository type, repository, revision, name); ``asked`` holds every request."""

    url: str = ""
    files: dict[tuple[str, str, str, str], bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def make_wheel(folder: Path, name: str, version: str, members: dict[str, bytes]) -> str:
    """Write a wheel and return its sha256."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    wheel = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", meta)
        archive.writestr(f"{info}/WHEEL", wheel)
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def records(count: int = 3) -> list[dict[str, Any]]:
    """Made-up items in the published form of BFCL."""
    return [
        {
            "id": f"exec_simple_{index}",
            "question": [[{"role": "user", "content": f"What is {index} zorks in blips?"}]],
            "function": [
                {
                    "name": "zork_to_blip",
                    "description": "Converts zorks.",
                    "parameters": {
                        "type": "dict",
                        "properties": {
                            "zorks": {"type": "float", "description": "How many."},
                            "exact": {"type": "boolean", "description": "é", "default": False},
                        },
                        "required": ["zorks"],
                    },
                }
            ],
            "ground_truth": [f"zork_to_blip(zorks={index})"],
        }
        for index in range(count)
    ]


def lines(rows: list[dict[str, Any]]) -> bytes:
    """JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
