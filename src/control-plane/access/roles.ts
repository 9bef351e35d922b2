import { type Permission, permissionsOf } from "./permissions.ts";

export interface Role {
  id: string;
  name: string;
  scope: "organisation" | "team";
  permissions: readonly Permission[];
}

/** Permissions of an organisation's role hold in every team. */
export const BUILT_IN_ROLES: readonly Role[] = [
  { id: "owner", name: "Owner", scope: "organisation", permissions: permissionsOf("any") },
  {
    id: "admin",
    name: "Administrator",
    scope: "organisation",
    permissions: permissionsOf("any").filter((name) => name !== "organisation.manage"),
  },
  { id: "auditor", name: "Auditor", scope: "organisation", permissions: permissionsOf("any", "reads") },
  { id: "member", name: "Member", scope: "organisation", permissions: [] },

  { id: "owner", name: "Team owner", scope: "team", permissions: permissionsOf("team") },
  {
    id: "publisher",
    name: "Publisher",
    scope: "team",
    permissions: [
      ...permissionsOf("team", "reads"),
      "service.write",
      "service.publish",
      "service.share",
      "subscription.approve",
    ],
  },
  {
    id: "developer",
    name: "Developer",
    scope: "team",
    permissions: [...permissionsOf("team", "reads"), "application.write", "credential.manage", "subscription.request"],
  },
  { id: "viewer", name: "Viewer", scope: "team", permissions: permissionsOf("team", "reads") },
];

export function builtInRole(scope: Role["scope"], id: string): Role | undefined {
  return BUILT_IN_ROLES.find((role) => role.scope === scope && role.id === id);
}
