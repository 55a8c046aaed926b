"""The Python of Microsoft's tutorial "Use the Livy API to submit and execute Livy batch jobs", written
from its description: a token for a service principal by MSAL, a batch by requests. A reader changes
what stands in the first block, and so does the test, by the environment; the rest knows nothing of
where it runs. The tutorial leaves the batch to the Monitoring hub; the loop at the end asks instead.
"""

import json
import os
import sys
import time

import requests
from msal import ConfidentialClientApplication

tenant_id = os.environ["ENTRA_TENANT_ID"]
client_id = os.environ["ENTRA_CLIENT_ID"]
workspace_id = os.environ["FABRIC_WORKSPACE_ID"]
lakehouse_id = os.environ["FABRIC_LAKEHOUSE_ID"]
certificate_path = os.environ["CERTIFICATE_PATH"]
private_key_path = os.environ["PRIVATE_KEY_PATH"]
certificate_thumbprint = os.environ["CERTIFICATE_THUMBPRINT"]
abfss_path = os.environ["PAYLOAD_ABFSS_PATH"]
table_name = "trips"
login_base_url = os.environ.get("LOGIN_BASE_URL", "https://login.windows.net")
api_base_url = os.environ.get("API_BASE_URL", "https://api.fabric.microsoft.com/v1")

audience = "https://analysis.windows.net/powerbi/api/.default"
authority = f"{login_base_url}/{tenant_id}"


def get_access_token():
    try:
        with open(certificate_path, "r", encoding="utf-8") as file:
            certificate = file.read()
        with open(private_key_path, "r", encoding="utf-8") as file:
            private_key = file.read()
        app = ConfidentialClientApplication(
            client_id,
            authority=authority,
            client_credential={
                "private_key": private_key,
                "thumbprint": certificate_thumbprint,
                "certificate": certificate,
            },
            # An address that MSAL does not know is an endpoint that was changed.
            instance_discovery=login_base_url == "https://login.windows.net",
        )
        token_response = app.acquire_token_for_client(scopes=[audience])
        if "access_token" in token_response:
            print("Successfully acquired access token")
            return token_response["access_token"]
        raise Exception(f"Failed to get token: {token_response.get('error_description', 'Unknown error')}")
    except FileNotFoundError as error:
        print(f"Certificate file not found: {error}")
        sys.exit(1)
    except Exception as error:
        print(f"Error retrieving token: {error}")
        sys.exit(1)


access_token = get_access_token()

livy_base_url = (f"{api_base_url}/workspaces/{workspace_id}/lakehouses/{lakehouse_id}"
                 "/livyApi/versions/2023-12-01/batches")
print(f"Livy Batch Jobs URL: {livy_base_url}")
headers = {"Authorization": f"Bearer {access_token}"}
payload_data = {
    "name": f"livy_batch_demo_{table_name}",
    "file": abfss_path,
    "conf": {"spark.targetTable": table_name},
}
print(json.dumps(payload_data, indent=2))

try:
    response = requests.post(livy_base_url, headers=headers, json=payload_data)
    if response.status_code != 202:
        print(f"Failed to submit batch: {response.status_code}\n{response.text}")
        sys.exit(1)
    print("Batch job submitted successfully")
    print(json.dumps(response.json(), indent=2))
    batch_id = response.json()["id"]
    monitoring_url = f"{livy_base_url}/{batch_id}"
    print(f"Batch Job ID: {batch_id}\nMonitoring URL: {monitoring_url}")
except requests.exceptions.RequestException as error:
    print(f"Network error occurred: {error}")
    sys.exit(1)
except json.JSONDecodeError as error:
    print(f"JSON decode error: {error}\n{response.text}")
    sys.exit(1)

while True:
    batch = requests.get(monitoring_url, headers=headers).json()
    if (batch.get("result") or "Uncertain") != "Uncertain":
        break
    time.sleep(0.5)
print(f"state {batch['state']}, result {batch['result']}")
