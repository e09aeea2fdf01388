"""What the pages bring to a browser: locked, ours alone, and nothing that the policy forbids."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRONT = ROOT / "web/front"
TEMPLATES = sorted(ROOT.glob("web/templates/**/*.html"))
STYLES = sorted(ROOT.glob("web/static/*.css"))


def bare(template):
    """A template without its comments."""
    return re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)


def forbidden(template):
    """What the content policy would stop, or what would come from another server."""
    patterns = {
        "style attribute": r"<[^>]*\sstyle\s*=",
        "style element": r"<style\b",
        "script of its own": r"<script\b(?![^>]*\ssrc=\"/static/)",
        "event handler": r"<[^>]*\son[a-z]+\s*=",
        "script address": r"javascript:",
        "other server": r"(?:src|href)=\"(?:https?:)?//",
        "unescaped text": r"\|\s*safe\b|autoescape\s+false",
        "evaluated attribute": r"\bhx-(?:on|vals=.js|vars)",
    }
    return [name for name, pattern in patterns.items() if re.search(pattern, bare(template))]


def icons_of(template):
    """Every drawing that a template may ask for: literal names, and those in a table of tones."""
    text = bare(template)
    named = re.findall(r"\bicon\(\s*\"([a-z0-9-]+)\"", text)
    tables = re.findall(r"set icons = \{(.*?)\}", text, re.DOTALL)
    given = re.findall(r"\bname=\"([a-z0-9-]+)\"(?=[,)])", text)
    return {*named, *given, *re.findall(r": \"([a-z0-9-]+)\"", " ".join(tables))}


def test_the_lock_names_versions_and_hashes_and_no_place():
    packages = json.loads((FRONT / "package-lock.json").read_text())["packages"]
    locked = {name: entry for name, entry in packages.items() if name}
    assert len(locked) > 3
    assert [name for name, entry in locked.items() if "resolved" in entry] == []
    assert [name for name, e in locked.items() if not e["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in locked.items() if entry.get("hasInstallScript")] == []


def test_packages_are_pinned():
    manifest = json.loads((FRONT / "package.json").read_text())
    wanted = {**manifest["dependencies"], **manifest["devDependencies"]}
    assert [name for name, version in wanted.items() if not re.fullmatch(r"[\d.]+", version)] == []


def test_every_package_has_its_reason():
    manifest = json.loads((FRONT / "package.json").read_text())
    table = (ROOT / "docs/dependencies.md").read_text()
    names = [*manifest["dependencies"], *manifest["devDependencies"]]
    assert [name for name in names if f"| {name} |" not in table] == []


def test_templates_hold_nothing_that_the_policy_forbids():
    found = {str(path.relative_to(ROOT)): forbidden(path.read_text()) for path in TEMPLATES}
    assert len(found) > 5
    assert {path: kinds for path, kinds in found.items() if kinds} == {}


def test_styles_load_nothing():
    assert STYLES
    assert [path.name for path in STYLES if re.search(r"url\(|@import", path.read_text())] == []


def test_every_drawing_is_in_the_sprite():
    listed = (FRONT / "icons.txt").read_text().split()
    assert listed == sorted(set(listed))
    used = {name for path in TEMPLATES for name in icons_of(path.read_text())}
    assert len(used) > 5
    assert used - set(listed) == set()


def test_each_rule_sees_a_violation():
    assert forbidden('<p class="a" style="color:red">') == ["style attribute"]
    assert forbidden("<style>p{}</style>") == ["style element"]
    assert forbidden("<script>1</script>") == ["script of its own"]
    assert forbidden('<script src="/static/vendor/htmx.min.js" defer></script>') == []
    assert forbidden('<img src="/a" onerror="1">') == ["event handler"]
    assert forbidden('<a href="javascript:1">') == ["script address"]
    assert forbidden('<link href="//a.example/b.css">') == ["other server"]
    assert forbidden("{{ text | safe }}") == ["unescaped text"]
    assert forbidden('<b hx-on:click="1">') == ["evaluated attribute"]
    assert icons_of('{{ icon("one") }}{% set icons = {"good": "two"} %}{{ f(name="three") }}') == {
        "one", "two", "three",
    }  # fmt: skip
