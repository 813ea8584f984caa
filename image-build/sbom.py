#!/usr/bin/env python3
"""Bill of materials of an image: SPDX 2.3 JSON from dpkg's status and Cargo.lock."""

import argparse
import datetime
import hashlib
import json
import re
import tomllib
from urllib.parse import quote


def paragraphs(path):
    """The packages of a dpkg status file, each as a dictionary of its one-line fields."""
    with open(path, encoding="utf-8") as status:
        for block in status.read().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", block, re.MULTILINE))
            if fields.get("Status", "").endswith(" installed"):
                yield fields


def debian(fields, suite):
    source = fields.get("Source", fields["Package"]).split(" ")[0]
    name, version = fields["Package"], fields["Version"]
    arch = fields["Architecture"]
    return {
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "sourceInfo": f"built from the source package {source}",
        "purl": f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={arch}&distro={suite}",
    }


def crates(path):
    with open(path, "rb") as lock:
        for crate in tomllib.load(lock)["package"]:
            # Our own have no source; what cargo fetched has a checksum.
            yield {
                "name": crate["name"],
                "versionInfo": crate["version"],
                "supplier": "NOASSERTION" if "source" in crate else "Organization: Qoltanba",
                "purl": f"pkg:cargo/{quote(crate['name'])}@{quote(crate['version'])}",
                "checksum": crate.get("checksum"),
            }


def spdx(package):
    identity = hashlib.sha256(package["purl"].encode()).hexdigest()[:16]
    entry = {
        "SPDXID": f"SPDXRef-{identity}",
        "name": package["name"],
        "versionInfo": package["versionInfo"],
        "supplier": package["supplier"],
        "downloadLocation": "NOASSERTION",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": package["purl"],
            }
        ],
    }
    if package.get("sourceInfo"):
        entry["sourceInfo"] = package["sourceInfo"]
    if package.get("checksum"):
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": package["checksum"]}]
    return entry


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--name", required=True)
    words.add_argument("--version", required=True)
    words.add_argument("--time", type=int, required=True, help="Unix seconds")
    words.add_argument("--suite", required=True)
    words.add_argument("--dpkg", required=True, help="status file, all of it")
    words.add_argument("--dpkg-of", nargs=2, action="append", default=[], metavar=("FILE", "PACKAGE"))
    words.add_argument("--cargo", required=True)
    words.add_argument("--sbom", required=True)
    words.add_argument("--versions", required=True)
    words = words.parse_args()

    found = list(paragraphs(words.dpkg))
    for path, name in words.dpkg_of:
        extra = [fields for fields in paragraphs(path) if fields["Package"] == name]
        if not extra:
            raise SystemExit(f"sbom.py: {path} knows no package {name}")
        found += extra
    found = {fields["Package"]: fields for fields in found}
    system = [debian(found[name], words.suite) for name in sorted(found)]
    packages = [spdx(package) for package in system + list(crates(words.cargo))]
    made = datetime.datetime.fromtimestamp(words.time, datetime.UTC)
    whole = "SPDXRef-image"
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{words.name}-{words.version}",
        # A name, not an address; the same input gives the same one.
        "documentNamespace": f"urn:qoltanba:sbom:{words.version}:{words.time}",
        "creationInfo": {"created": made.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: sbom.py"]},
        "packages": [
            {
                "SPDXID": whole,
                "name": words.name,
                "versionInfo": words.version,
                "supplier": "Organization: Qoltanba",
                "downloadLocation": "NOASSERTION",
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": "NOASSERTION",
                "copyrightText": "NOASSERTION",
                "filesAnalyzed": False,
            }
        ]
        + packages,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": whole}
        ]
        + [
            {"spdxElementId": whole, "relationshipType": "CONTAINS", "relatedSpdxElement": package["SPDXID"]}
            for package in packages
        ],
    }
    with open(words.sbom, "w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.write("\n")
    with open(words.versions, "w", encoding="utf-8") as out:
        out.writelines(f"{package['name']} {package['versionInfo']}\n" for package in system)


if __name__ == "__main__":
    main()
