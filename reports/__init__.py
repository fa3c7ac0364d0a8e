"""Reports: histories in; figures, tables and a page out.  Nothing imports this package.

``write_report([Path("runs/demo")])`` writes ``runs/demo/report/index.html``.
"""

from typing import TYPE_CHECKING

from mechanisms.facade import lazily

if TYPE_CHECKING:
    from reports.report import write_report

__all__ = ["write_report"]

__getattr__ = lazily(__name__, {"write_report": "reports.report"})
