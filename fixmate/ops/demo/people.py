"""Names and words of the people in the demo."""

from dataclasses import dataclass
from random import Random

_FIRST = """
    Ada Alma Amir Ana Anton Aria Ben Bruno Carla Chen Clara Dana David Diego Elena Elif Emil Emma Erik Fatima Felix
    Finn Gloria Grace Hana Hugo Ida Igor Ines Iris Ivan Jana Jonas Julia Kai Karim Lara Lena Leo Lina Luca Luis
    Maja Malik Mara Marco Maria Mei Mila Milan Nadia Nils Nina Noah Nora Omar Oscar Paula Pedro Petra Rosa Ruben
    Sami Sara Selma Simon Sofia Tara Theo Tina Tom Uma Vera Viktor Wanda Yara Yuki Zoe
"""
_LAST = """
    Adams Alvarez Becker Bishop Brandt Carter Castro Cohen Costa Cruz Dias Diaz Ellis Evans Fischer Flores Garcia
    Gomez Grant Haas Hansen Hill Ito Jansen Kaya Keller Khan Klein Kovacs Lang Larsen Lee Lopez Mason Mendez Meyer
    Moreau Nguyen Novak Olsen Ortiz Park Patel Perez Popov Quinn Ramos Reyes Rossi Rubio Santos Sato Silva Singh
    Stein Sousa Tanaka Torres Vega Vogel Walsh Weber Wong Young Zhang
"""
FIRST_NAMES, LAST_NAMES = _FIRST.split(), _LAST.split()

TROUBLES = {
    "heating": ("The radiators stay cold.", "The boiler clicks and goes out.", "No hot water since this morning."),
    "electrical": ("Half of the sockets are dead.", "The breaker trips every evening.", "A switch buzzes and is warm."),
    "plumbing": ("The kitchen drain is blocked.", "The tap drips all night.", "Water under the bathroom sink."),
    "general-repair": ("The front door does not close.", "A shelf came off the wall.", "A window handle broke off."),
    "structural-safety": ("A crack over the door grows.", "The balcony rail is loose.", "The stairs give way."),
    "inspection": ("Please look over the flat before we sign.", "A yearly check is due.", "Something smells odd."),
    "pest-control": ("There are mice in the pantry.", "Ants along the kitchen wall.", "Wasps under the roof."),
}
SUMMARIES = (
    "Found the cause, replaced the part, tested it twice.",
    "Repaired and cleaned up; works as it should.",
    "Tightened, sealed and checked.",
    "Quick fix; showed how to avoid it.",
)
# What else a technician finds, and what it takes.
FINDINGS = (
    ("A fitting next to it is worn out as well.", "Fitting"),
    ("The old part is rusted through; a new one is needed.", "Replacement part"),
    ("A second spot needs the same.", "Material"),
    ("It would hold a month like this; better with a new seal.", "Seal set"),
)
PRAISE = ("On time, friendly, fixed.", "Very good work.", "Explained everything.", "Would book again.")
BLAME = ("Works, but left a mess.", "Took his time.", "Not quite what I hoped for.")
STREETS = ("Elm Street", "Harbor Road", "Mill Lane", "Station Road", "Park Avenue", "Hill Street", "Garden Way")


@dataclass(frozen=True, slots=True)
class Name:
    first: str
    last: str

    def __str__(self) -> str:
        return f"{self.first} {self.last[0]}."


def name_of(number: int, dice: Random) -> Name:
    """Draw a name; first names come round before one is used twice."""
    return Name(FIRST_NAMES[number * 29 % len(FIRST_NAMES)], dice.choice(LAST_NAMES))


def trouble(trade: str, dice: Random) -> str:
    return dice.choice(TROUBLES[trade])


def address(dice: Random) -> str:
    return f"{dice.randint(1, 240)} {dice.choice(STREETS)}"
