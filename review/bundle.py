"""One archive of all that is handed over: the templates and documents of out/, and what the two images are built of.

The same commit gives the same bytes on any machine (docs/decisions/0027): names sorted, one owner, the modes that git
knows, the commit's own time, and no compression, which is another one in each version of zlib.
"""

import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from review import environment, handover, manifest, workspace
from review.git import git
from review.handbook.readme import versions
from review.problem import Problem

FOLDER = workspace.ROOT / "build"
# As in the repository, so that links and commands are the same in both: what is deployed and read, and what the images
# are built of (docker/Dockerfile.dockerignore lets nothing else in).
SOURCES = ("out", "app", "docker", "requirements/app.txt")
README = """# {project}

Read out/handover/README.md first. It is about this folder; all its commands are run here.

    out/                    the CloudFormation templates
    out/handover/           how to deploy, operate and remove them; what they create, cost and permit
    app/, docker/, requirements/app.txt
                            what the two images are built of
    MANIFEST.json           the commit that this was made of
    SHA256SUMS              for sha256sum --check --quiet SHA256SUMS
"""


def write(folder: Path = FOLDER) -> Path:
    """Write the archive of the commit that is checked out.

    Problem: what goes into it is not as committed, or the documents are not what the templates say.
    """
    root = workspace.ROOT
    changed = git(root, "status", "--porcelain", "--", *SOURCES).decode().split("\n")[0]
    if changed:
        raise Problem(f"{changed[3:]} is not as committed, and a bundle says of which commit it is: commit it first")
    handover.check(root / "out" / handover.FOLDER)
    commit, seconds = git(root, "log", "-1", "--format=%H %ct").decode().split()
    files = _files(root)
    files |= _own({name: content for name, (content, _) in files.items()}, commit, int(seconds))
    name = f"{environment.PROJECT}-{commit[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tar"
    path.write_bytes(archive(name, files, int(seconds)))
    return path


def _files(root):
    """(content, is executable) of the files of the commit, by path."""
    whole = git(root, "-c", "core.autocrlf=false", "archive", "--format=tar", "HEAD", *SOURCES)
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        return {each.name: (tar.extractfile(each).read(), bool(each.mode & 0o100)) for each in tar if each.isfile()}


def _own(files, commit, seconds):
    """What only the bundle has: where it begins, what it is, the checksums of all of it."""
    about = {
        "project": environment.PROJECT,
        "commit": commit,
        "committed": datetime.fromtimestamp(seconds, UTC).isoformat(),
        "templates and documents": f"sha256:{hashlib.sha256(files[f'out/{manifest.NAME}']).hexdigest()}",
        "made with": versions(),
    }
    made = {
        "README.md": README.format(project=environment.PROJECT).encode(),
        "MANIFEST.json": (json.dumps(about, indent=2) + "\n").encode(),
    }
    made[manifest.NAME] = manifest.sums(files | made).encode()
    return {name: (content, False) for name, content in made.items()}


def archive(name: str, files: dict[str, tuple[bytes, bool]], seconds: int) -> bytes:
    """A tar of files below a folder of that name."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, (content, is_executable) in sorted(files.items()):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mtime, entry.mode = len(content), seconds, 0o755 if is_executable else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()
