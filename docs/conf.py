"""Sphinx: `python -m sphinx -W docs site`, from the root of the clone, builds the pages (extra [docs])."""

import click
from docutils import nodes
from docutils.parsers.rst import Directive

from sim.cli import cli

project = "urban-mine"
html_title = "urban-mine"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["reference/*.template.md"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
nitpicky = False
suppress_warnings = ["myst.xref_missing"]  # links to files outside docs/, such as scenarios


class CommandHelp(Directive):
    """The help of every command, as the command line prints it."""

    def run(self) -> list[nodes.Node]:
        """Return one section a command."""
        context = click.Context(cli, info_name="urban-mine", terminal_width=100, max_content_width=100)
        made: list[nodes.Node] = []
        for name in cli.list_commands(context):
            command = cli.get_command(context, name)
            own = click.Context(command, info_name=name, parent=context, terminal_width=100, max_content_width=100)
            section = nodes.section(ids=[f"command-{name}"])
            section += [nodes.title(text=name), nodes.literal_block(text=command.get_help(own))]
            made.append(section)
        return made


def setup(app: object) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
