"""The commands, put together; the one place where an exception becomes an exit code."""

from __future__ import annotations

import atexit
import signal
import sys

import typer

from reports.cli.audit import audit_command
from reports.cli.bench import bench_command
from reports.cli.compare import compare_command
from reports.cli.counterfactuals import counterfactuals_command
from reports.cli.dashboard import dashboard_command
from reports.cli.design import design_command
from reports.cli.doctor import doctor_command
from reports.cli.equilibrium import equilibrium_command
from reports.cli.finetune import finetune_command
from reports.cli.listing import list_command
from reports.cli.report import report_command
from reports.cli.reproduce import reproduce_command
from reports.cli.resume import resume_command
from reports.cli.run import run_command
from reports.cli.solve import solve_command
from reports.cli.status import status_command
from reports.cli.sweep import sweep_command
from simulate.engines.base import Lost
from simulate.errors import BadInput
from simulate.pools.cli import pool_app
from simulate.process import settle

app = typer.Typer(
    name="trueward",
    help="The laboratory for fine-tuning markets: agents report reward models, mechanisms train and charge.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("solve", epilog="Example: trueward solve game.yaml --json")(solve_command)
app.command("run", epilog="Example: trueward run two_camps --rounds 50 --set mechanism.payment=zero")(run_command)
app.command("compare", epilog="Example: trueward compare story_tones --mechanisms no_payment,vcg")(compare_command)
app.command("sweep", epilog="Example: trueward sweep grid.yaml --workers 2 --out runs/grid")(sweep_command)
app.command("resume", epilog="Example: trueward resume runs/tuned_market-vcg")(resume_command)
app.command("audit", epilog="Example: trueward audit two_camps --set mechanism=egalitarian")(audit_command)
app.command("equilibrium", epilog="Example: trueward equilibrium two_camps --set mechanism.payment=zero")(
    equilibrium_command
)
app.command("finetune", epilog="Example: trueward finetune two_letters --out letters")(finetune_command)
app.command("status", epilog="Example: trueward status runs/tuned_market-vcg --watch")(status_command)
app.command("report", epilog="Example: trueward report runs/demo")(report_command)
app.command("reproduce", epilog="Example: trueward reproduce table-1 table-4")(reproduce_command)
app.command("counterfactuals", epilog="Example: trueward counterfactuals tuned_market --json")(counterfactuals_command)
app.command("design", epilog="Example: trueward design unequal_agents --out designed.toml --frontier frontier")(
    design_command
)
app.command("dashboard", epilog="Example: trueward dashboard two_camps --port 0")(dashboard_command)
app.command("list", epilog="Example: trueward list mechanisms")(list_command)
app.command("bench", epilog="Example: trueward bench thousand_games --json")(bench_command)
app.command("doctor", epilog="Example: trueward doctor")(doctor_command)
app.add_typer(pool_app, name="pool")


def main() -> None:
    """Exit codes: 0 good, 1 failed in use, 2 bad input, 3 some runs failed, 4 all failed, 130 interrupted."""
    settle()
    try:
        app(prog_name="trueward")
    except BadInput as error:
        print(f"trueward: {error}", file=sys.stderr)
        sys.exit(2)
    except ArithmeticError as error:  # a solver says that it did not converge
        print(f"trueward: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        sys.stderr.close()
        sys.exit(0)
    except (Lost, OSError) as error:  # a worker died, a cluster is gone, a disk is full
        named = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else error
        print(f"trueward: {named}", file=sys.stderr)
        sys.exit(1)
    finally:  # whoever interrupts once more finds it ending; Python would show a traceback of its own tidying up
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
