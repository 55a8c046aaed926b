#include "session/kernel_info.h"

static const char banner[] =
    "Livy (Spark batch) " LK_VERSION "\n"
    "Magics submit Spark batches to Microsoft Fabric and other Livy services. %help lists them.";

static json_t *language_info(void)
{
    /* Python, so that cells have colours everywhere; a constant version, so that notebooks do not
     * change when we do (jupyter.md §4, dirty notebooks). */
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:i}, s:s}", "name", "python", "version",
                     "3", "mimetype", "text/x-python", "file_extension", ".py", "pygments_lexer",
                     "ipython3", "codemirror_mode", "name", "ipython", "version", 3,
                     "nbconvert_exporter", "python");
}

json_t *lk_kernel_info(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:[], s:[]}", "status", "ok",
                     "protocol_version", "5.4", "implementation", "livy-kernel",
                     "implementation_version", LK_VERSION, "language_info", language_info(),
                     "banner", banner, "debugger", 0, "help_links", "supported_features");
}
