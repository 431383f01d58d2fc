/* Founds swarms, joins them, and watches them. */

#include "swarms.h"

#include <string.h>

#include "arguments.h"
#include "handles.h"
#include "shapes.h"

static json_t *nothing(call *call, swarmlet_status status) {
    return done(call, status) ? json_null() : NULL;
}

static json_t *id(call *call, const swarmlet_node *node) {
    char *id = NULL;
    return done(call, swarmlet_swarm_id(node, &id)) ? string_shape(id) : NULL;
}

static json_t *create(call *call, const swarmlet_node *node) {
    swarmlet_text name = text_argument(call, "name");
    swarmlet_text device = text_argument(call, "device");
    swarmlet_founded *founded = NULL;
    if (!is_fine(call) || !done(call, swarmlet_swarm_create(node, name, device, &founded))) {
        return NULL;
    }
    json_t *answer = json_pack("{s:o, s:o}", "swarm", text_shape(founded->swarm), "root_key",
                               text_shape(founded->root_key));
    swarmlet_founded_free(founded);
    return answer;
}

static json_t *become_issuer(call *call, const swarmlet_node *node) {
    swarmlet_text root_key = text_argument(call, "root_key");
    return is_fine(call) ? nothing(call, swarmlet_swarm_become_issuer(node, root_key)) : NULL;
}

static json_t *invite(call *call, const swarmlet_node *node) {
    swarmlet_terms terms = terms_argument(call);
    char *invite = NULL;
    if (!is_fine(call) || !done(call, swarmlet_swarm_invite(node, &terms, &invite))) {
        return NULL;
    }
    return string_shape(invite);
}

static json_t *withdraw(call *call, const swarmlet_node *node) {
    swarmlet_text invite = text_argument(call, "invite");
    bool was_good = false;
    if (!is_fine(call) || !done(call, swarmlet_swarm_withdraw(node, invite, &was_good))) {
        return NULL;
    }
    return json_boolean(was_good);
}

static json_t *join(call *call, const swarmlet_node *node) {
    swarmlet_text invite = text_argument(call, "invite");
    swarmlet_text name = text_argument(call, "name");
    int64_t timeout_ms = timeout_argument(call);
    if (!is_fine(call)) {
        return NULL;
    }
    return nothing(call, swarmlet_swarm_join(node, invite, name, timeout_ms));
}

static json_t *ask(call *call, const swarmlet_node *node) {
    swarmlet_text address = text_argument(call, "address");
    swarmlet_text name = text_argument(call, "name");
    int64_t timeout_ms = timeout_argument(call);
    char *code = NULL;
    if (!is_fine(call) || !done(call, swarmlet_swarm_ask(node, address, name, timeout_ms, &code))) {
        return NULL;
    }
    return string_shape(code);
}

static json_t *wait_joined(call *call, const swarmlet_node *node) {
    int64_t timeout_ms = timeout_argument(call);
    return is_fine(call) ? nothing(call, swarmlet_swarm_wait_joined(node, timeout_ms)) : NULL;
}

static json_t *wait_in_sync(call *call, const swarmlet_node *node) {
    int64_t timeout_ms = timeout_argument(call);
    return is_fine(call) ? nothing(call, swarmlet_swarm_wait_in_sync(node, timeout_ms)) : NULL;
}

static json_t *pending(call *call, const swarmlet_node *node) {
    swarmlet_pending *pending = NULL;
    if (!done(call, swarmlet_swarm_pending(node, &pending))) {
        return NULL;
    }
    json_t *answer = pending_shape(pending);
    swarmlet_pending_free(pending);
    return answer;
}

static json_t *approve(call *call, const swarmlet_node *node) {
    swarmlet_text device = text_argument(call, "device");
    swarmlet_terms terms = terms_argument(call);
    return is_fine(call) ? nothing(call, swarmlet_swarm_approve(node, device, &terms)) : NULL;
}

static json_t *preauthorise(call *call, const swarmlet_node *node) {
    swarmlet_text device = text_argument(call, "device");
    swarmlet_terms terms = terms_argument(call);
    return is_fine(call) ? nothing(call, swarmlet_swarm_preauthorise(node, device, &terms)) : NULL;
}

static json_t *reject(call *call, const swarmlet_node *node) {
    swarmlet_text device = text_argument(call, "device");
    return is_fine(call) ? nothing(call, swarmlet_swarm_reject(node, device)) : NULL;
}

static json_t *renew(call *call, const swarmlet_node *node) {
    swarmlet_text device = text_argument(call, "device");
    return is_fine(call) ? nothing(call, swarmlet_swarm_renew(node, device)) : NULL;
}

static json_t *revoke(call *call, const swarmlet_node *node) {
    swarmlet_text device = text_argument(call, "device");
    swarmlet_text reason = text_argument(call, "reason");
    return is_fine(call) ? nothing(call, swarmlet_swarm_revoke(node, device, reason)) : NULL;
}

static json_t *members(call *call, const swarmlet_node *node) {
    swarmlet_members *members = NULL;
    if (!done(call, swarmlet_swarm_members(node, &members))) {
        return NULL;
    }
    json_t *answer = members_shape(members);
    swarmlet_members_free(members);
    return answer;
}

static json_t *status(call *call, const swarmlet_node *node) {
    swarmlet_swarm_status *status = NULL;
    if (!done(call, swarmlet_swarm_status_now(node, &status))) {
        return NULL;
    }
    json_t *answer = status_shape(status);
    swarmlet_swarm_status_free(status);
    return answer;
}

static json_t *network_changed(call *call, const swarmlet_node *node) {
    return nothing(call, swarmlet_swarm_network_changed(node));
}

static json_t *changes(call *call, const swarmlet_node *node) {
    swarmlet_changes *changes = NULL;
    if (!done(call, swarmlet_swarm_changes(node, &changes))) {
        return NULL;
    }
    handle made = {.sort = SORT_CHANGES, .changes = changes};
    keep(call, made);
    return json_null();
}

static const node_operation OPERATIONS[] = {
    {"swarm.id", id},
    {"swarm.create", create},
    {"swarm.become_issuer", become_issuer},
    {"swarm.invite", invite},
    {"swarm.withdraw", withdraw},
    {"swarm.join", join},
    {"swarm.ask", ask},
    {"swarm.wait_joined", wait_joined},
    {"swarm.wait_in_sync", wait_in_sync},
    {"swarm.pending", pending},
    {"swarm.approve", approve},
    {"swarm.reject", reject},
    {"swarm.preauthorise", preauthorise},
    {"swarm.members", members},
    {"swarm.revoke", revoke},
    {"swarm.renew", renew},
    {"swarm.status", status},
    {"swarm.network_changed", network_changed},
    {"swarm.changes", changes},
};

json_t *perform_swarm(call *call) {
    return perform_on_node(call, OPERATIONS, sizeof OPERATIONS / sizeof *OPERATIONS);
}

static json_t *next_change(call *call, const swarmlet_changes *changes) {
    int64_t timeout_ms = timeout_argument(call);
    swarmlet_swarm_status *found = NULL;
    if (!is_fine(call)) {
        return NULL;
    }
    swarmlet_status status = swarmlet_changes_next(changes, timeout_ms, &found);
    bool is_ended = status == SWARMLET_STATUS_END;
    if (!is_ended && status != SWARMLET_STATUS_TIMEOUT && !done(call, status)) {
        return NULL;
    }
    json_t *shape = found == NULL ? json_null() : status_shape(found);
    swarmlet_swarm_status_free(found);
    return json_pack("{s:o, s:b}", "status", shape, "is_ended", is_ended);
}

json_t *perform_changes(call *call) {
    const handle *changes = borrow(call, SORT_CHANGES);
    if (changes == NULL) {
        return NULL;
    }
    if (strcmp(call->op, "cancel_changes") == 0) {
        return nothing(call, swarmlet_changes_cancel(changes->changes));
    }
    return next_change(call, changes->changes);
}
