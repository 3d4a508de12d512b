"""Studies: many discoveries side by side on the same workers, and how their formulas rank what is new to them."""

from rayzc.cluster.studies.progress import StudyProgress
from rayzc.cluster.studies.studying import resume_study, study

__all__ = ["StudyProgress", "resume_study", "study"]
