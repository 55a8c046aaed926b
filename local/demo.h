/* The demo tenant: fixed ids, so that a notebook's paths stay valid. */
#ifndef LK_LOCAL_DEMO_H
#define LK_LOCAL_DEMO_H

#define LOCAL_DEMO_TENANT         "6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c"
#define LOCAL_DEMO_CLIENT         "a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293"
#define LOCAL_DEMO_USER_OID       "0ada0ada-1815-4c12-9d10-185211270000"
#define LOCAL_DEMO_USER           "ada@livy-local.example"
#define LOCAL_DEMO_WORKSPACE      "5f0c1d2e-3a4b-4c5d-8e6f-708192a3b4c5"
#define LOCAL_DEMO_WORKSPACE_NAME "demo"
#define LOCAL_DEMO_LAKEHOUSE      "9d8c7b6a-5f4e-4d3c-8b2a-190817263544"
#define LOCAL_DEMO_LAKEHOUSE_NAME "demo"
#define LOCAL_DEMO_BASIC_USER     "admin" /* of HDInsight's face */
#define LOCAL_ABFSS_HOST          "onelake.dfs.fabric.microsoft.com"

#endif
