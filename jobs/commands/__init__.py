"""The commands of ``govlake``, one module a subject; each is thin: ask a job, show its answer."""
