"""Second factors: passkeys, an authenticator app and recovery codes, and the second step of a log-in.

The map: `models` keep them; `authenticator`, `passkeys` and `recovery_codes` check one kind each; `second_step` asks
for one at a log-in; `removal` keeps the last one where it must stay; `reset` is for who has lost everything.
"""

from flask import Blueprint

bp = Blueprint("factors", __name__)
