"""The thresholds in force: the controls' own, and those that a scope replaces within its rights."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from auditor.errors import ContentError, Problem
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.catalog.control import Value
    from auditor.catalog.library import Library


def effective(replaced: Mapping[str, Mapping[str, Value]], library: Library, path: str = "auditor.yaml") -> dict[str, dict[str, Value]]:
    """Return the value of every parameter of every control.

    Raises ContentError with every unknown control or parameter, wrong type, and threshold that would be loosened.
    """
    result = {id_: {name: parameter.default for name, parameter in control.parameters.items()} for id_, control in library.controls.items()}
    problems: list[Problem] = []
    for control, values in replaced.items():
        if control not in result:
            near = difflib.get_close_matches(control, result, 1)
            hint = _("did you mean {name}?").format(name=near[0]) if near else ""
            problems.append(Problem(path, 1, _("parameters: no control is named {name}").format(name=control), hint))
            continue
        for name, given in values.items():
            value = tuple(given) if isinstance(given, list) else given
            parameter = library.controls[control].parameters.get(name)
            if parameter is None or type(value) is not type(parameter.default):
                known = ", ".join(sorted(result[control])) or _("none")
                problems.append(
                    Problem(
                        path,
                        1,
                        _("{control}: {name} is no parameter of that type").format(control=control, name=name),
                        _("known: {names}").format(names=known),
                    )
                )
            elif not parameter.allows(value):
                problems.append(
                    Problem(
                        path,
                        1,
                        _("{control}: {name} may only be tightened, and {value} is looser than {default}").format(
                            control=control, name=name, value=value, default=parameter.default
                        ),
                        _("remove the line, or ask for a waiver"),
                    )
                )
            else:
                result[control][name] = value
    if problems:
        raise ContentError(problems)
    return result
