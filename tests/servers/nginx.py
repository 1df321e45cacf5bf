"""nginx before the site, with what its packages and guides usually have in their configuration."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.environment import held_port
from tests.servers.programs import Program, own_folder, program

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/errors;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  underscores_in_headers on;
  server {{
    listen 127.0.0.1:{listen};
    location ~ /\\. {{ deny all; }}
    location / {{
      proxy_pass http://127.0.0.1:{port};
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for:$remote_port;
      proxy_set_header X-Forwarded-Proto {scheme};
    }}
  }}
}}
"""


@contextmanager
def nginx(port: int, scheme: str = "https") -> Iterator[str]:
    """The address of an nginx that hands on to the site at this port, and says that it was asked by this scheme."""
    with held_port() as listen, own_folder() as folder:
        file = folder / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=folder, listen=listen, port=port, scheme=scheme))
        proxy = Program(
            [program("nginx"), "-c", str(file), "-e", f"{folder}/errors", "-p", str(folder)], listen, folder
        )
        proxy.start()
        try:
            yield f"http://127.0.0.1:{listen}"
        finally:
            proxy.stop(signal.SIGTERM)
