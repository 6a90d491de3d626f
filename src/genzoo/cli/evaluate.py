"""`genzoo evaluate`: everything that can be said of a run, each number with its protocol."""

from genzoo.cli.options import Data, JsonOut, Overwrite, Run
from genzoo.cli.ruler import Flags, Ruler

_DEFAULT = Ruler()


def command(
    run: Run,
    /,
    *,
    data: Data = None,
    out: JsonOut = None,
    overwrite: Overwrite = False,
    how: Flags = _DEFAULT,
) -> None:
    """Measure a model on DATA: likelihood, sample quality, coverage, features, cost; whatever it has.

    Exact values, bounds, estimates and errors have columns of their own: a bound is no likelihood. Results
    stay in RUN/results as JSON, and what is there is not measured again. RUN may also be images that other
    software made (a folder, an archive, an npz): their quality is measured.
    """
    from genzoo.cli.console import wrote
    from genzoo.cli.measuring import measured_images, measured_run
    from genzoo.cli.output import form_of
    from genzoo.files import write_json

    if out is not None:
        form_of(out, {"json"}, overwrite=overwrite)
    is_run = (run / "spec.json").is_file() or (run / "config.json").is_file() or not run.exists()
    document = (measured_run if is_run else measured_images)(run, data, how)
    if out is not None and document is not None:
        write_json(out, document)
        wrote(out, f"{len(document['results'])} results")
