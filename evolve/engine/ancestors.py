"""Trainings that are done again because the weights that they left are gone."""

from __future__ import annotations

from dataclasses import replace

from evolve.jobs import Job
from evolve.problems.problem import Problem
from evolve.storage.log import Log
from evolve.values import Candidate, Continuation, Request


class Ancestors:
    """Makes the job of a recorded request again from its rows, so that it leaves its weights once more."""

    def __init__(self, problem: Problem, log: Log) -> None:
        self._problem, self._log = problem, log

    def job(self, weights: str, number: int) -> Job | None:
        """The job that left the weights of that key, under another number; None if no request of this run did."""
        row = self._log.request_of(weights)
        if row is None:
            return None
        born = self._log.born(row.candidate)
        genome = self._problem.space.read(born.genome)
        continues = None
        if row.continues is not None:
            earlier = self._log.request(row.continues)
            continues = Continuation(row.continues, str(earlier.job_key), row.schedule)
        candidate = Candidate(row.candidate, genome, born.key, born.parents, born.steps)
        request = Request(
            row.number, candidate, row.budget, row.repeat, row.purpose, weights, continues, row.inherits, row.spans
        )
        job = self._problem.job(request, self._problem.space.blueprint(genome), keeps_weights=True)
        return replace(job, number=number)
