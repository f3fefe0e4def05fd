"""A page of the catalogue over whatever is on the screen."""

from __future__ import annotations

from sealift.playbook.catalogue import page as catalogue_page
from sealift.ui import dialogs
from sealift.ui.panels.desk import Desk
from sealift.ui.screens.dialog import Dialog
from sealift.ui.text import one_line


def show_page(desk: Desk, finding: str) -> None:
    """Show what the catalogue has on a finding, or say that it has nothing."""
    page = catalogue_page(finding)
    if page is None:
        desk.say(f"The catalogue has no page called {one_line(finding)}.", warning=True)
        return
    paragraphs = dialogs.page_paragraphs(
        page.group, page.means, page.recognised, page.do, page.dont
    )
    desk.screen.app.push_screen(Dialog(f"{page.id}: {page.title}", paragraphs, cancel="Back"))
