/** Everything that somebody may be allowed to do, and where: in the whole organisation, or in a team. */
export const PERMISSIONS = {
  "organisation.manage": { scope: "organisation", reads: false, what: "change the organisation and its owners" },
  "user.read": { scope: "organisation", reads: true, what: "see all users" },
  "user.manage": { scope: "organisation", reads: false, what: "add, change and disable users" },
  "team.create": { scope: "organisation", reads: false, what: "make teams" },
  "role.manage": { scope: "organisation", reads: false, what: "define roles" },
  "setting.read": { scope: "organisation", reads: true, what: "see the settings" },
  "setting.manage": { scope: "organisation", reads: false, what: "change the settings" },
  "provider.read": { scope: "organisation", reads: true, what: "see providers and models" },
  "provider.manage": {
    scope: "organisation",
    reads: false,
    what: "manage providers, their keys and models, and test them",
  },
  "model.publish": {
    scope: "organisation",
    reads: false,
    what: "publish services of kind `ai`, whose calls the organisation's providers answer",
  },
  "audit.read": { scope: "organisation", reads: true, what: "read the audit trail" },
  "team.read": { scope: "team", reads: true, what: "see the team and its members" },
  "team.manage": { scope: "team", reads: false, what: "change and remove the team" },
  "member.manage": { scope: "team", reads: false, what: "add and remove members" },
  "token.manage": { scope: "team", reads: false, what: "make and revoke machine tokens" },
  "webhook.manage": { scope: "team", reads: false, what: "manage webhooks" },
  "service.read": { scope: "team", reads: true, what: "see services, with their drafts and releases" },
  "service.write": { scope: "team", reads: false, what: "make services and change their drafts" },
  "service.publish": {
    scope: "team",
    reads: false,
    what: "publish, roll back, deprecate and retire services, drop their stored answers",
  },
  "service.share": { scope: "team", reads: false, what: "share services with other teams" },
  "application.read": { scope: "team", reads: true, what: "see applications" },
  "application.write": { scope: "team", reads: false, what: "make, change and remove applications" },
  "credential.manage": { scope: "team", reads: false, what: "make, rotate and revoke credentials" },
  "subscription.read": { scope: "team", reads: true, what: "see subscriptions, from both sides" },
  "subscription.request": { scope: "team", reads: false, what: "request and cancel subscriptions" },
  "subscription.approve": { scope: "team", reads: false, what: "approve, reject and revoke subscriptions" },
  "call.read": { scope: "team", reads: true, what: "see calls of its applications and to its services" },
  "call.read_body": { scope: "team", reads: false, what: "see their bodies, where the call log keeps them" },
} as const satisfies Record<string, { scope: "organisation" | "team"; reads: boolean; what: string }>;

export type Permission = keyof typeof PERMISSIONS;

export const PERMISSION_NAMES = Object.keys(PERMISSIONS) as [Permission, ...Permission[]];

export function isPermission(name: string): name is Permission {
  return Object.hasOwn(PERMISSIONS, name);
}

export function permissionsOf(scope: "organisation" | "team" | "any", filter: "all" | "reads" = "all"): Permission[] {
  return PERMISSION_NAMES.filter((name) => {
    const permission = PERMISSIONS[name];
    return (scope === "any" || permission.scope === scope) && (filter === "all" || permission.reads);
  });
}
