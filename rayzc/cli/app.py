"""The root command, ``rayzc``, and the list of its commands."""

import typer

app = typer.Typer(
    name="rayzc",
    help="Breed one formula from zero-cost proxies, and find networks with it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

from rayzc.cli.discover import discover  # noqa: E402
from rayzc.cli.jobs import jobs  # noqa: E402
from rayzc.cli.proxies import proxies  # noqa: E402
from rayzc.cli.rank import rank  # noqa: E402
from rayzc.cli.report import report  # noqa: E402
from rayzc.cli.resume import resume  # noqa: E402
from rayzc.cli.run import run  # noqa: E402
from rayzc.cli.score import score  # noqa: E402
from rayzc.cli.search import search  # noqa: E402
from rayzc.cli.study import study  # noqa: E402
from rayzc.cli.submit import submit  # noqa: E402
from rayzc.cli.suite import suite  # noqa: E402
from rayzc.cli.train import train  # noqa: E402

app.command()(run)
app.command()(discover)
app.command()(study)
app.command()(search)
app.command()(train)
app.command()(resume)
app.command()(report)
app.command()(score)
app.command()(proxies)
app.command()(rank)
app.command()(submit)
app.add_typer(jobs, name="jobs")
app.add_typer(suite, name="suite")
