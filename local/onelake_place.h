/* The one workspace and lakehouse that livy-local begins with: GUIDs and the names
 * people see. Plain data, shared by the OneLake and the Livy service. */
#ifndef LK_LOCAL_ONELAKE_PLACE_H
#define LK_LOCAL_ONELAKE_PLACE_H

/* Texts are NUL-terminated and, inside a service, live as long as the service. */
struct local_place {
    const char *workspace_id;   /* GUID, lower case */
    const char *workspace_name; /* no spaces: abfss:// takes none */
    const char *lakehouse_id;   /* GUID, lower case */
    const char *lakehouse_name; /* without ".Lakehouse" */
};

#endif
