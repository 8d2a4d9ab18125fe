# SPDX-License-Identifier: BSD-3-Clause
"""Each config of examples/ loads, and those of a hub answer each network as their text says."""

import subprocess

import pytest

from harness import BUILD, ROOT

pytestmark = pytest.mark.ports("socket")

EXAMPLES = ROOT / "examples"
AZURE, PUBLIC = ["192.0.2.16"], ["192.0.2.11"]  # 168.63.129.16, and the public resolver
HUB, SPOKE, GUEST = "10.53.0.1", "10.53.4.1", "10.53.6.1"

# The names that a workspace is asked for: workspace, certificate, notebook, endpoint, instance.
NAMES = {
    "public": [
        "0123.workspace.eastus.api.azureml.ms.", "0123.workspace.eastus.cert.api.azureml.ms.",
        "ml-ws-eastus-0123.eastus.notebooks.azure.net.",
        "score.eastus.inference.ml.azure.com.", "box.eastus.instances.azureml.ms."],
    "china": [
        "0123.workspace.chinaeast2.api.ml.azure.cn.",
        "0123.workspace.chinaeast2.cert.api.ml.azure.cn.",
        "ml-ws-chinaeast2-0123.chinaeast2.notebooks.chinacloudapi.cn.",
        "score.chinaeast2.inference.ml.azure.cn.", "box.chinaeast2.instances.azureml.cn."],
    "us-government": [
        "0123.workspace.usgovvirginia.api.ml.azure.us.",
        "0123.workspace.usgovvirginia.cert.api.ml.azure.us.",
        "ml-ws-usgovvirginia-0123.usgovvirginia.notebooks.usgovcloudapi.net.",
        "score.usgovvirginia.inference.ml.azure.us.",
        "box.usgovvirginia.instances.azureml.us."],
}


@pytest.mark.parametrize("file", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda file: file.stem)
def test_an_example_passes_its_check(file):
    done = subprocess.run([str(BUILD / "control/shunt-control"), "-c", str(file),
                           "--check-config"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=NAMES)
def cloud(raised, request):
    shared = raised.config()
    raised.end()
    raised.up(EXAMPLES / f"azure-machine-learning/{request.param}-hub.yaml")
    yield request.param
    raised.end()
    raised.up(shared)


def test_a_hub_sends_linked_networks_to_azure(raised, cloud):
    for name in [*NAMES[cloud], "x.aznbcontent.net."]:
        assert raised.addresses(name, source=HUB) == AZURE
        assert raised.addresses(name, source=SPOKE) == AZURE
        assert raised.addresses(name, source=GUEST) == PUBLIC
        tested = raised.ctl_json("rule", "test", name, "--client", SPOKE)
        assert tested["winner"]["ruleset"] == "machine-learning"
        assert raised.ctl_json("rule", "test", name, "--client", GUEST)["winner"]["kind"] == "default"
