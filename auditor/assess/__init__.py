"""From findings, answers, waivers and a date to the state of every requirement; pure."""
