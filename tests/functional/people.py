"""People in front of a browser, each with a window and a machine of their own."""

import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.browser import faults


def assay(*words: str, cwd: Path) -> str:
    """Run a command on a party's own machine: no data folder, no server."""
    done = subprocess.run(
        (sys.executable, "-m", "harness.cli.main", *words),
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Someone:
    """One person: a window, a folder with a key in it, and what was wrong with the pages seen."""

    name: str
    window: Any
    base: str
    folder: Path
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    def make_key(self, kind: str) -> Path:
        """Make a key pair here; the public half, to be handed to the operator."""
        assay("keys", "new", str(self.key), "--type", kind, cwd=self.folder)
        return self.key.with_name("key.pem.pub")

    def arrive(self, link: str) -> None:
        """Follow a one-time link and press its button."""
        self.window.goto(link)
        self.look("link")
        self.press("Sign in as")
        self.window.wait_for_url(f"{self.base}/**")

    def go(self, *labels: str) -> None:
        """Follow links by what they say, one after the other."""
        for label in labels:
            self.window.get_by_role("link", name=label, exact=False).first.click()
            self.window.wait_for_load_state()
        self.look(self.window.url)

    def press(self, label: str) -> None:
        """Press a button by what it says."""
        self.window.get_by_role("button", name=label).click()
        self.window.wait_for_load_state()
        self.look(self.window.url)

    def fill(self, **fields: str) -> None:
        """Type into fields by their names, opening what is folded away."""
        folded = self.window.locator("form details:not([open]) > summary")
        while folded.count():
            folded.first.click()
        for name, text in fields.items():
            control = self.window.locator(f'[name="{name.replace("__", ".")}"]')
            if control.evaluate("one => one.localName") == "select":
                control.select_option(text)
            else:
                control.fill(text)

    def upload(self, **files: Path) -> None:
        """Choose files by the names of their fields."""
        for name, path in files.items():
            self.window.locator(f'input[type=file][name="{name}"]').set_input_files(path)

    def download(self, label: str) -> Path:
        """Click what is downloaded; the file as the browser saves it."""
        with self.window.expect_download() as waiting:
            self.window.get_by_role("link", name=label).first.click()
        target = self.folder / waiting.value.suggested_filename
        waiting.value.save_as(target)
        return target

    def sign(self, file: Path, *words: str) -> Path:
        """Sign a file with this party's key, where the key is."""
        assay("sign", str(file), "--key", str(self.key), *words, cwd=self.folder)
        return file.with_name(f"{file.name}.signatures.json")

    def look(self, name: str) -> None:
        """Look at the page for what keeps people out, once for each kind of page."""
        path = urlsplit(name).path if "://" in name else name
        kind = "/".join(part if part.isalpha() else "x" for part in path.split("/"))
        if kind not in self.seen:
            self.seen.add(kind)
            self.found += faults(self.window, f"{self.name} {kind.strip('/').replace('/', '.')}")

    def text(self) -> str:
        """What the page says."""
        return str(self.window.inner_text("main"))


def newcomers(open_page: Callable[..., Any], base: str, folder: Path) -> Callable[[str], Someone]:
    """Makes people, each with a window without any past."""

    def somebody(name: str) -> Someone:
        own = folder / f"{name}-{secrets.token_hex(2)}"
        own.mkdir()
        return Someone(name, open_page(accept_downloads=True), base, own)

    return somebody
