"""How states, halves, bases and reasons are said to people."""

from __future__ import annotations

from auditor.text import _


def state(code: str) -> str:
    """Return the name of a state, in the words of auditors."""
    names = {
        "major": _("major non-conformity"),
        "minor": _("minor non-conformity"),
        "internal_gap": _("gap to the internal reference"),
        "sensitive": _("sensitive point"),
        "not_assessed": _("not assessed"),
        "inherited": _("inherited"),
        "no_gap": _("no gap found on what was verified"),
        "not_applicable": _("not applicable"),
    }
    return names.get(code, code)


def half(code: str) -> str:
    """Return the name of a half."""
    return {"ours": _("our half"), "provider": _("the provider's half")}.get(code, code)


def basis(code: str) -> str:
    """Return what a basis claims."""
    names = {
        "duty": _("the provider's duty, seen from our seat"),
        "right": _("what we are owed"),
        "mirror": _("good practice carried over to our own house"),
        "own": _("advice of the text to the customer"),
    }
    return names.get(code, code)


def reason(code: str) -> str:
    """Return why a state is what it is; a code without a sentence of its own (an outcome of the ledger) is given back."""
    names = {
        "no_control": _("no control bears on it yet"),
        "no_source": _("no source of the scope shows it"),
        "only_supports": _("what was verified supports it without proving it"),
        "rows_unknown": _("some verdicts are unknown"),
        "rests_on_declared": _("rests on what the scope declares"),
        "not_seen": _("not seen"),
        "nothing_of_this_kind": _("nothing of this kind was found, and everything was seen"),
        "not_asked_of_this_half": _("the text asks nothing of this half"),
        "other_service_model": _("the text speaks of another model of service"),
        "no_health_data": _("the service holds no health data"),
        "no_service_declared": _("no service of a provider is declared"),
        "states_a_right": _("the text gives a right, it asks nothing"),
        "states_a_warning": _("the text warns, it asks nothing"),
        "seat_cannot_prove": _("from a customer's seat a provider's duty can be disproved, not proved"),
        "despite_proof": _("found wanting in spite of a valid qualification or certificate"),
        "no_proof": _("no qualification or certificate is declared for this service"),
        "recommendation_not_carried": _("a qualification carries no recommendation"),
        "proof_version_silent": _("the version qualified did not ask it yet"),
        "proof_reserve": _("the decision sets it aside"),
        "proof_reserve_not_understood": _("a reserve of the decision names no known requirement"),
        "proof_other_scheme": _("a proof under another scheme carries nothing here"),
        "proof_other_version": _("the proof names another version of the text"),
        "proof_text_replaced": _("the certificate cites a text that was replaced"),
        "proof_edition_withdrawn": _("the certificate cites an edition that was withdrawn"),
        "proof_dates_missing": _("the dates of the proof are not declared"),
        "proof_not_yet_valid": _("the proof is not valid yet"),
        "proof_expired": _("the proof has expired"),
        "proof_activity_not_understood": _("the activities of the certificate are not declared or not understood"),
        "proof_activity_not_covered": _("the certificate does not cover every activity bought"),
        "activities_bought_not_declared": _("the hosting activities bought are not declared"),
        "activity_not_bought": _("none of the hosting activities it speaks of is bought"),
        "no_answer": _("nobody answered yet"),
        "not_dated": _("the answer bears no date"),
        "answered_later": _("the answer is later than the date of judgement"),
        "expired": _("the answer is too old"),
        "exhibit_missing": _("an exhibit is missing"),
    }
    return names.get(code, code)
