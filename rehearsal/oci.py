"""Images and the registry protocol, as far as a rehearsal needs them, with the standard library only.

Formats: Docker image manifest version 2, schema 2, with one layer. Protocol: OCI distribution, over plain HTTP and only
to this machine, because an image made here must never reach a registry that somebody deploys from.
"""

import gzip
import hashlib
import http.client
import io
import ipaddress
import json
import re
import tarfile
import tempfile
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"

# Where programs are, in images as on this machine.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ECR_HOST = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
REFERENCE = re.compile(
    r"(?P<registry>[^/]+)/(?P<repository>[a-z0-9][a-z0-9._/-]*)(:(?P<tag>\w[\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)


class ImageError(Exception):
    """An image, what it is made of or its registry is not as it must be; the text is one line for the user."""


@dataclass(frozen=True)
class Entry:
    """One file (source) or directory (None) of a layer, with the mode it gets in the image."""

    source: Path | None
    mode: int


@dataclass(frozen=True)
class ImageConfig:
    """What an image says about the process to start from it."""

    digest: str
    environment: dict[str, str]
    entrypoint: list[str]
    command: list[str]
    workdir: str
    stop_signal: str
    labels: dict[str, str]


def digest_of(data: bytes) -> str:
    """The name that registries give to these bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def parse_reference(reference: str) -> tuple[str, str, str]:
    """Split REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@DIGEST into its three parts."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        raise ImageError(f"{reference}: expected REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:...")
    return match["registry"], match["repository"], match["tag"] or match["digest"]


def loopback_address(registry: str, stand_in: str = "") -> tuple[str, int]:
    """Where the registry listens on this machine; ImageError for a registry that is anywhere else.

    stand_in, 127.0.0.1:PORT, takes the place of AWS's registries, so that templates, scripts and image names stay as
    they are on AWS.
    """
    address = urllib.parse.urlsplit("//" + (stand_in if ECR_HOST.fullmatch(registry) else registry))
    try:
        host, port = address.hostname or "", address.port or 80
        if host == "localhost" or host.endswith(".localhost"):
            return "127.0.0.1", port
        if ipaddress.ip_address(host).is_loopback:
            return host, port
    except ValueError:
        pass  # neither an address nor a port: not this machine
    raise ImageError(f"{registry}: the stand-in engine speaks to registries on this machine only")


def pack(tree: Mapping[str, Entry]) -> bytes:
    """The layer of these paths as a tar file; equal files give equal bytes, whoever built them and when."""
    parents = {"/".join(path.split("/")[:depth]) for path in tree for depth in range(1, path.count("/") + 1)}
    entries = {**dict.fromkeys(parents, Entry(None, 0o755)), **tree}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, entry in sorted(entries.items()):
            data = entry.source.read_bytes() if entry.source else b""
            member = tarfile.TarInfo(path)  # its owner is root and its time 1970
            member.type = tarfile.REGTYPE if entry.source else tarfile.DIRTYPE
            member.mode, member.size = entry.mode, len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class Store:
    """Images on disk: blobs by digest, and which manifest each reference means."""

    def __init__(self, directory: Path):
        self.directory = directory

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their digest."""
        digest = digest_of(data)
        self.write(digest.replace(":", "-"), data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of a digest that was kept before."""
        return (self.directory / digest.replace(":", "-")).read_bytes()

    def tag(self, reference: str, digest: str) -> None:
        """Let the reference mean this manifest."""
        self.write("tag-" + urllib.parse.quote(reference, safe=""), digest.encode())

    def resolve(self, reference: str) -> str:
        """The digest of the manifest that the reference means."""
        try:
            return (self.directory / ("tag-" + urllib.parse.quote(reference, safe=""))).read_text()
        except FileNotFoundError:
            raise ImageError(f"{reference}: no such image") from None

    def write(self, name: str, data: bytes) -> None:
        """Replace a file at once, so that two builds at a time cannot mix."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.directory, delete=False) as file:
            file.write(data)
        Path(file.name).replace(self.directory / name)

    def save(self, tree: Mapping[str, Entry], config: dict, platform: str) -> str:
        """Keep the image made of one layer and its configuration; the digest of its manifest."""
        tar = pack(tree)
        document = {
            "os": platform.partition("/")[0],
            "architecture": platform.partition("/")[2],
            "created": "1970-01-01T00:00:00Z",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.describe(CONFIG_TYPE, json.dumps(document, sort_keys=True).encode()),
            "layers": [self.describe(LAYER_TYPE, gzip.compress(tar, mtime=0))],
        }
        return self.put(json.dumps(manifest, sort_keys=True).encode())

    def describe(self, media_type: str, data: bytes) -> dict:
        """Keep the bytes and return what a manifest says about them."""
        return {"mediaType": media_type, "size": len(data), "digest": self.put(data)}


class Registry:
    """A registry on this machine. Every method raises ImageError with the registry's own words when it refuses."""

    def __init__(self, name: str, stand_in: str = ""):
        self.name, self.address = name, loopback_address(name, stand_in)

    def call(
        self, method: str, path: str, body: bytes = b"", media_type: str = "application/octet-stream", **more: str
    ) -> http.client.HTTPResponse:
        """Ask the registry, with more headers if need be; the answer has its body in `content`."""
        headers = {"Host": self.name, "Content-Type": media_type, "Accept": media_type, **more}
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ImageError(f"registry {self.name} does not answer: {error}") from None
        finally:
            connection.close()
        if answer.status >= 300:
            reason = " ".join(answer.content.decode(errors="replace").split())[:300]
            raise ImageError(f"registry {self.name} refused {method} {path}: {answer.status} {reason}")
        return answer

    def push_blob(self, repository: str, data: bytes) -> None:
        """Upload the bytes in one piece."""
        location = self.call("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"] or ""
        upload = urllib.parse.urlsplit(location)  # its path only: a registry cannot send the image elsewhere
        query = urllib.parse.urlencode([*urllib.parse.parse_qsl(upload.query), ("digest", digest_of(data))])
        self.call("PUT", f"{upload.path}?{query}", data)

    def blob(self, repository: str, description: Mapping) -> bytes:
        """Download what a manifest describes, and check that it is that."""
        data = self.call("GET", f"/v2/{repository}/blobs/{description['digest']}").content
        if digest_of(data) != description["digest"]:
            raise ImageError(f"registry {self.name}: content of {description['digest']} has another digest")
        return data

    def manifest(self, repository: str, reference: str) -> tuple[str, dict]:
        """The manifest of a tag or digest, with its digest."""
        answer = self.call("GET", f"/v2/{repository}/manifests/{reference}", media_type=MANIFEST_TYPE)
        digest = digest_of(answer.content)
        expected = reference if ":" in reference else answer.headers.get("Docker-Content-Digest", digest)
        if digest != expected:
            raise ImageError(f"registry {self.name}: manifest of {repository}:{reference} is not {expected}")
        return digest, json.loads(answer.content)


def push(store: Store, reference: str, stand_in: str = "") -> str:
    """Upload the image that the store has under the reference; the digest of its manifest."""
    name, repository, tag = parse_reference(reference)
    registry, digest = Registry(name, stand_in), store.resolve(reference)
    manifest = json.loads(store.get(digest))
    for description in (manifest["config"], *manifest["layers"]):
        registry.push_blob(repository, store.get(description["digest"]))
    registry.call("PUT", f"/v2/{repository}/manifests/{tag}", store.get(digest), MANIFEST_TYPE)
    return digest


def pull(reference: str, into: Path, stand_in: str = "") -> ImageConfig:
    """Download an image of the stand-in engine, check its digests and unpack its files into a directory."""
    name, repository, tag = parse_reference(reference)
    registry = Registry(name, stand_in)
    digest, manifest = registry.manifest(repository, tag)
    if len(manifest.get("layers", [])) != 1:
        raise ImageError(f"{reference}: not an image of the stand-in engine, which have one layer")
    config = json.loads(registry.blob(repository, manifest["config"]))["config"]
    unpack(gzip.decompress(registry.blob(repository, manifest["layers"][0])), into)
    return ImageConfig(
        digest=digest,
        environment=dict(pair.split("=", 1) for pair in config.get("Env") or []),
        entrypoint=config.get("Entrypoint") or [],
        command=config.get("Cmd") or [],
        workdir=config.get("WorkingDir") or "/",
        stop_signal=config.get("StopSignal") or "SIGTERM",
        labels=config.get("Labels") or {},
    )


def unpack(tar: bytes, into: Path) -> None:
    """Write the files of a layer below a directory. The engine packs plain files and directories; refuse the rest.

    Not `extractall(filter="data")`: Python before 3.11.4, such as Debian 12's, has no filters.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            for member in archive:
                target = into / member.name
                if not (member.isfile() or member.isdir()) or {"..", "/"} & set(Path(member.name).parts):
                    raise ImageError(f"unsafe layer: {member.name} is no file or directory below the image's root")
                (target if member.isdir() else target.parent).mkdir(parents=True, exist_ok=True)
                if member.isfile():
                    target.write_bytes(archive.extractfile(member).read())
                    target.chmod(member.mode & 0o755)
    except tarfile.TarError as error:
        raise ImageError(f"broken layer: {error}") from None
