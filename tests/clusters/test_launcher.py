"""The files for Ray's cluster launcher, as Ray itself reads them, and their machines, as the clouds do."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start

from tests.clusters.files import LAUNCHED, ROOT, document, tool

CLOUDS = ("aws", "gcp")
COMMANDS = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")


def prepared(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration as `ray up` completes it and accepts it."""
    complete: dict[str, Any] = prepare_config(config)
    validate_config(complete)
    return complete


def commands(config: dict[str, Any]) -> Iterator[str]:
    """All shell commands that the launcher runs."""
    for kind in COMMANDS:
        yield from config.get(f"{kind}_commands", ())
    for group in config.get("available_node_types", {}).values():
        for kind in COMMANDS:
            yield from group.get(f"{kind}_commands", ())


@pytest.mark.parametrize("name", LAUNCHED)
def test_ray_accepts_the_file(name: str) -> None:
    complete = prepared(document(f"{name}.yaml"))
    assert complete["cluster_name"] == "rayzc"
    assert complete["provider"]["type"] == {"onprem": "local"}.get(name, name)
    assert complete["max_workers"] >= 3


@pytest.mark.parametrize("name", LAUNCHED)
@pytest.mark.parametrize(
    "key", ["autoscaling_mode", "initial_workers", "target_utilization_fraction", "max_worker"]
)
def test_ray_refuses_a_key_that_it_does_not_know(name: str, key: str) -> None:
    with pytest.raises(jsonschema.ValidationError, match=key):
        prepared(document(f"{name}.yaml") | {key: 1})


@pytest.mark.parametrize("name", CLOUDS)
def test_ray_refuses_a_group_that_it_does_not_understand(name: str) -> None:
    config = document(f"{name}.yaml")
    config["available_node_types"]["cpu"]["maximum"] = 3
    with pytest.raises(jsonschema.ValidationError, match="maximum"):
        prepared(config)
    config = document(f"{name}.yaml") | {"max_workers": 0}
    with pytest.raises(ValueError, match="max_workers"):
        prepared(config)


@pytest.mark.parametrize("name", CLOUDS)
def test_there_are_groups_for_islands_and_for_measuring(name: str) -> None:
    config = prepared(document(f"{name}.yaml"))
    groups = config["available_node_types"]
    assert sorted(groups) == ["cpu", "gpu", "head"]
    assert config["head_node_type"] == "head"
    head, cpu, gpu = groups["head"], groups["cpu"], groups["gpu"]
    assert (head["min_workers"], head["max_workers"]) == (0, 0)
    assert cpu["min_workers"] < cpu["max_workers"]
    assert "GPU" not in cpu["resources"]
    # rayzc chooses the device by what the cluster has at its start.
    assert 1 <= gpu["min_workers"] < gpu["max_workers"]
    assert gpu["resources"]["GPU"] >= 1
    assert gpu["resources"]["CPU"] >= gpu["resources"]["GPU"]  # a measuring worker takes one of each
    assert config["max_workers"] == cpu["max_workers"] + gpu["max_workers"]
    assert config["provider"]["cache_stopped_nodes"] is False


def test_machines_of_your_own_scale() -> None:
    config = prepared(document("onprem.yaml"))
    (group,) = config["available_node_types"].values()
    assert 0 < group["min_workers"] < group["max_workers"] == len(config["provider"]["worker_ips"])


@pytest.mark.parametrize("name", CLOUDS)
def test_workers_are_spot_machines_and_the_head_is_not(name: str) -> None:
    groups = document(f"{name}.yaml")["available_node_types"]

    def is_spot(group: str) -> bool:
        node = groups[group]["node_config"]
        market = node.get("InstanceMarketOptions", {}).get("MarketType")
        return market == "spot" or node.get("scheduling", {}).get("provisioningModel") == "SPOT"

    assert [group for group in sorted(groups) if is_spot(group)] == ["cpu", "gpu"]


@pytest.mark.parametrize("name", LAUNCHED)
def test_ray_and_python_are_pinned(name: str) -> None:
    config = prepared(document(f"{name}.yaml"))
    run = list(commands(config))
    # What Ray fills in where a file says nothing is a nightly build.
    assert not [command for command in run if "ray-wheels" in command or "dev0" in command]
    installs = [command for command in run if re.search(r"pip install.*~/rayzc$", command)]
    assert len(installs) == (3 if name == "onprem" else 4)  # for all, the head, workers; workers with GPUs
    assert all("--constraint ~/rayzc/constraints.txt" in command for command in installs)
    assert any("uv venv --managed-python --python 3.12 " in command for command in run)
    if name == "onprem":
        assert not [command for command in run if "--torch-backend" in command]
    else:
        gpu = config["available_node_types"]["gpu"]["worker_setup_commands"]
        assert len(gpu) == len(config["worker_setup_commands"])
        # The build of torch for CPUs would leave the GPUs unused.
        differing = [
            pair for pair in zip(gpu, config["worker_setup_commands"], strict=True) if len(set(pair)) == 2
        ]
        assert [cpu.replace("--torch-backend=cpu ", "") for _, cpu in differing] == [
            plain for plain, _ in differing
        ]
        assert len(differing) == 1


@pytest.mark.parametrize("name", LAUNCHED)
@pytest.mark.parametrize("place", ["head", "worker"])
def test_ray_starts_with_options_that_it_has_and_asks_for_the_token(name: str, place: str) -> None:
    stop, begin = document(f"{name}.yaml")[f"{place}_start_ray_commands"]
    assert stop.endswith("ray stop")
    before, _, options = begin.partition(" ray start ")
    assert "export RAY_AUTH_MODE=token" in before
    given = start.make_context("start", options.replace('"', "").split(), resilient_parsing=False).params
    assert given["head"] is (place == "head")
    if place == "head":
        assert given["port"] == 6379
        assert given["autoscaling_config"] == "~/ray_bootstrap_config.yaml"
        assert given["dashboard_host"] in (None, "127.0.0.1", "localhost")
    else:
        assert given["address"] == "$RAY_HEAD_IP:6379"


@pytest.mark.parametrize("name", LAUNCHED)
def test_what_is_copied_is_in_the_checkout(name: str) -> None:
    mounts = document(f"{name}.yaml")["file_mounts"]
    assert mounts.pop("~/.ray/auth_token") == "~/.ray/auth_token"
    assert [local for local in mounts.values() if not (ROOT / local).exists()] == []
    assert set(mounts) == {f"~/rayzc/{local}" for local in mounts.values()}
    # Ray hashes all that is copied, at every `ray up`: no .venv, no .git, no runs.
    assert "." not in mounts.values()
    assert {"constraints.txt", "pyproject.toml", "README.md", "LICENSE", "rayzc", "jobs"} == set(
        mounts.values()
    )


@pytest.mark.parametrize("name", LAUNCHED)
def test_commands_pass_shellcheck(name: str, tmp_path: Path) -> None:
    script = tmp_path / "commands.sh"
    # As a person writes them: the home folder is not expanded within options, Ray itself does that.
    script.write_text("\n".join(commands(document(f"{name}.yaml"))) + "\n")
    checked = subprocess.run(
        [tool("shellcheck"), "--shell=bash", "--exclude=SC2088,SC1090,SC1091", str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_aws_knows_every_field_of_its_machines() -> None:
    import botocore.session
    from botocore.validate import ParamValidator

    model = (
        botocore.session.get_session().get_service_model("ec2").operation_model("RunInstances").input_shape
    )

    def faults(node: dict[str, Any]) -> str:
        # The launcher adds how many.
        return ParamValidator().validate(node | {"MinCount": 1, "MaxCount": 1}, model).generate_report()

    for group in document("aws.yaml")["available_node_types"].values():
        assert faults(group["node_config"]) == ""
        assert "InstanceTyp" in faults(group["node_config"] | {"InstanceTyp": "m7i.large"})


FIELDS_OF_GCP = {
    (): {"machineType", "disks", "scheduling"},
    ("disks",): {"boot", "autoDelete", "type", "initializeParams"},
    ("disks", "initializeParams"): {"diskSizeGb", "diskType", "sourceImage"},
    ("scheduling",): {
        "provisioningModel",
        "instanceTerminationAction",
        "automaticRestart",
        "onHostMaintenance",
    },
}
"""Of what instances.insert of the Compute API takes, the fields that we use."""


def unknown_of_gcp(value: Any, path: tuple[str, ...] = ()) -> list[str]:
    if isinstance(value, list):
        return [fault for entry in value for fault in unknown_of_gcp(entry, path)]
    if not isinstance(value, dict):
        return []
    found = [".".join((*path, key)) for key in value if key not in FIELDS_OF_GCP.get(path, ())]
    return found + [fault for key, entry in value.items() for fault in unknown_of_gcp(entry, (*path, key))]


def test_machines_of_gcp_have_no_field_that_is_misspelt() -> None:
    config = document("gcp.yaml")
    zone = config["provider"]["availability_zone"]
    assert zone.startswith(config["provider"]["region"])
    for group in config["available_node_types"].values():
        node = json.loads(json.dumps(group["node_config"]))  # aliases share one mapping among the groups
        assert unknown_of_gcp(node) == []
        (disk,) = node["disks"]
        assert disk["initializeParams"]["diskType"].startswith(f"zones/{zone}/")
        disk["initializeParams"]["diskSize"] = 1
        assert unknown_of_gcp(node) == ["disks.initializeParams.diskSize"]
