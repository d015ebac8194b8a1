"""What goes wrong when a legal entity is written down: another form of its name or an old one, look-alike letters, old numbers."""

from __future__ import annotations

import numpy as np

from jobs.samples.firm_names import other_forms
from jobs.samples.firms import Firms
from jobs.samples.settings import EntityNoise
from jobs.samples.streams import Flags, Numbers, Texts, chosen, texts

LOOK_ALIKES = {"0": "O", "1": "I", "2": "Z", "5": "S"}
"""Letters that a unified code never has, by the digit that each looks like."""


def distort_entity_names(random: np.random.Generator, firms: Firms, who: Numbers, noise: EntityNoise) -> Texts:
    """Names as another office has them: some old, some in another form."""
    entities, count = firms.entities, len(who)
    is_old = (entities["former"][who] != "") & chosen(random, count, firms.renamed_share(noise.old_name))
    found = texts(np.where(is_old, entities["former"][who], entities["name"][who]))
    rows = np.flatnonzero(chosen(random, count, noise.other_form_of_name / 100) & ~is_old)
    cities = firms.prefixes.city[entities["county"][who[rows]]]
    found[rows] = other_forms(random, found[rows], entities["prefix"][who[rows]], cities)
    return found


def distort_unified(random: np.random.Generator, codes: Texts, rate: float) -> Texts:
    """Unified codes as typed; for ``rate`` per cent one digit became the letter that looks like it."""
    found = codes.copy()
    draws = random.random(len(codes))
    for row in np.flatnonzero(chosen(random, len(codes), rate / 100) & (codes != "")):
        code = codes[row]
        places = [place for place, character in enumerate(code) if character in LOOK_ALIKES]
        place = places[int(draws[row] * len(places))] if places else 0
        found[row] = code[:place] + LOOK_ALIKES.get(code[place], code[place]) + code[place + 1 :]
    return found


def masked(numbers: Texts) -> Texts:
    """Citizen IDs with the middle masked, as courts and tax offices publish them: four characters at each end show."""
    return texts([f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}" if len(number) > 8 else "" for number in numbers])


def has_old_number(firms: Firms, who: Numbers) -> Flags:
    """Whether an entity has any number from before the unified code."""
    entities = firms.entities
    return np.asarray((entities["organisation"][who] != "") | (entities["registration"][who] != ""))
