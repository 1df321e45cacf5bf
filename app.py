"""`python app.py`: the development server, with the Stripe emulator beside it when there is no Stripe key."""

import sys

from app.dev.server import main

if __name__ == "__main__":
    sys.exit(main())
