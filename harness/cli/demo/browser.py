"""The end of the demonstration: the same in a browser, with a way in for each role."""

from typing import Final

from harness.cli import output
from harness.cli.context import operator
from harness.cli.demo import scenario
from harness.cli.serve import listen, serve_on
from harness.config import Settings
from harness.errors import Conflict
from harness.services.parties import people
from harness.services.platform import address, machine
from harness.services.platform.opening import Platform

_NAMES: Final = {
    "auditor": "A. Auditor",
    "vendor": "V. Vendor",
    "regulator": "R. Regulator",
    "operator": "O. Operator",
}


def serve(settings: Settings) -> None:
    """Serve the demonstration's folder until Ctrl-C, on the usual port or any free one."""
    try:
        listener = listen(settings)
    except Conflict:
        # Something of this machine's own has the usual port; a demonstration asks for none.
        settings = settings.model_copy(update={"listen": "127.0.0.1:0"})
        listener = listen(settings)
    with listener:
        serve_on(settings, listener, _banner)


def _banner(platform: Platform, port: int) -> None:
    settings = platform.settings
    where = address.public_url(settings, port)
    output.out.print("\n[bold]9. The same in a browser[/bold]")
    output.say(f"  address    {where}")
    for name, role in scenario.ORGANISATIONS:
        with platform.database.write() as session:
            secret = people.add(session, platform, operator(platform), role, _NAMES[role], name)
        output.say(f"  {role:<10} {address.link(settings, port, secret)}")
    output.say("  Each link signs in once: use one browser, or private window, for each role.")
    output.say("  Ctrl-C ends it.")
    if not machine.front_files():
        output.note("the pages have no style sheets yet: run `make front`")
