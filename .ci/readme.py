"""What a package index shows: README.md, its links made absolute, since nothing lies beside it there.

hatchling calls it when a wheel or an sdist is built.  It takes the address from ``Source`` in
`[project.urls]` of pyproject.toml, as https://github.com/OWNER/NAME; without that the text stays as it is.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r'(\]\(|\bsrc="|\bhref=")(?![a-z]+:|#)([^)"\s]+)')  # of Markdown, and of HTML in it


def absolute(text: str, address: str) -> str:
    """The same text with its relative links below an address: files as pages, pictures as they are."""

    def link(match: re.Match[str]) -> str:
        opening, target = match.groups()
        picture = re.search(r"\.(png|svg|gif)$", target)
        return f"{opening}{address.rstrip('/')}/{'raw' if picture else 'blob'}/main/{target}"

    return RELATIVE.sub(link, text)


class Readme(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        address = metadata.get("urls", {}).get("Source")
        text = absolute(text, address) if address else text
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
