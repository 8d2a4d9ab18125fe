// SPDX-License-Identifier: BSD-3-Clause
// private-endpoint: names and addresses of Azure's private endpoints, in each of the forms in which
// they are had.
//
//   [{"FQDNs": ["a.example"], "IPAddress": "10.1.0.5"}]
//   {"customDnsConfigs": [{"fqdn": "a.example", "ipAddresses": ["10.1.0.5"]}]}
//   {"ipConfigurations": [{"privateIPAddress": "10.1.0.5",
//                          "privateLinkConnectionProperties": {"fqdns": ["a.example"]}}]}
//
// Each name becomes a zone of its own with its address at the apex, so that nothing else of its
// parent's is covered; `*.NAME` a wildcard in the zone NAME.
#include <stdio.h>
#include <string.h>

#include "control/config/import/endpoint_names.h"
#include "control/config/text.h"

static void add(void *context, const struct endpoint_name *name)
{
	struct import *import = context;
	bool is_wildcard = strncmp(name->fqdn, "*.", 2) == 0;
	char record[IMPORT_TARGET_MAX + 16];
	struct ip ip;
	const char *why;

	if (text_parse_ip(name->address, &ip, &why)) {
		import_drop(import, name->place, "address \"%.60s\" %s", name->address, why);
		return;
	}
	snprintf(record, sizeof(record), "%s %s %s", is_wildcard ? "*" : "@",
		ip_is_v4(&ip) ? "A" : "AAAA", name->address);
	import_record(import, name->place, name->fqdn + (is_wildcard ? 2 : 0), record);
}

void import_private_endpoint(struct import *import, const struct load_file *file)
{
	struct tree tree;

	if (!import_open_tree(import, file, &tree))
		return;
	if (endpoint_names_each(&tree, add, import) == 0)
		import_drop(import, import_place(&tree, tree_root(&tree)),
			"no names here: give [{FQDNs, IPAddress}], customDnsConfigs, or what 'az "
			"network private-endpoint show' or 'az network nic show' prints; where a "
			"zone group is used, the names are those of the nic");
	tree_close(&tree);
}
