/* Exports of the audit log, as `leanauth audit verify --file` reads them: lines from anywhere. */
#include "admin/audit_json.c"

#include <stdlib.h>

static void check(la_audit_verdict *v, const la_audit_chain *chain)
{
    if (v->whole != (v->reason[0] == 0))
        abort();
    if (v->whole && v->events && v->head_sequence + 1 != chain->next)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[LA_SOURCE_RECORD_MAX];
    la_audit_verdict verdict;
    la_audit_chain chain;
    la_source source;
    la_buffer detail;
    la_audit_chain_begin(&chain, NULL, &verdict);
    chain.any_start = true;
    la_source_memory((la_slice){(const char *)data, size}, &source);
    la_buffer_init(&detail, LA_SOURCE_RECORD_MAX);
    if (la_is_ok(verify_lines(&source, text, &detail, &chain)))
        check(&verdict, &chain);
    la_buffer_done(&detail);
    la_source_done(&source);
    return 0;
}
