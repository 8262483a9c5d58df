"""Where data went: from files and hubs, through the agent's programs and commands, into training.

:func:`flow_of` builds the graph of a run, :meth:`Flow.fate` asks it about one file, and
:func:`study_of` is what both this room and the check of conduct read: the agent's commands and its
programs, each program walked once for each way in which it was started.
"""

from .acts import Acted, Ran, Study
from .building import flow_of
from .graph import Fate, Flow, Sink, Step
from .study import study_of

__all__ = ["Acted", "Fate", "Flow", "Ran", "Sink", "Step", "Study", "flow_of", "study_of"]
