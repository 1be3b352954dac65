"""The AWS command line from one loaded process: each command is a fork of it, so that none pays for loading.

python -m tests.aws_command SOCKET     serves
python aws_command.py SOCKET WORD...   runs `aws WORD...` there, with its own folder, environment and files
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

LOADED = ("cloudformation", "rds", "ecs", "ecr", "s3", "iam", "logs", "cloudwatch", "secretsmanager", "elbv2", "sts")


def serve(path: str) -> None:
    """Take commands until the process is ended."""
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    loader = driver.session.get_component("data_loader")
    for service in LOADED:
        loader.load_service_model(service, "service-2")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(driver, connection)
            connection.close()


def _answer(driver, connection):
    """Be the command; the process ends with it."""
    code = 255
    try:
        size = int.from_bytes(connection.recv(4))
        asked, files, _, _ = socket.recv_fds(connection, size, 3)
        while len(asked) < size:
            asked += connection.recv(size - len(asked))
        words, folder, environment = json.loads(asked)
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        code = driver.main(words)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([code & 255]))
        os._exit(0)


def ask(path: str, words: list[str]) -> int:
    """Run a command there; its exit code."""
    message = json.dumps([words, str(Path.cwd()), dict(os.environ)]).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(len(message).to_bytes(4))
        socket.send_fds(connection, [message], [0, 1, 2])
        return (connection.recv(1) or b"\xff")[0]


if __name__ == "__main__":
    if __package__:
        serve(sys.argv[1])
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
