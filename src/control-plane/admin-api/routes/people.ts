import { z } from "@hono/zod-openapi";
import { deleteRole, listRoles, putRole } from "../../entities/custom-roles.ts";
import {
  createTeam,
  deleteTeam,
  getTeam,
  listMembers,
  listTeams,
  removeMember,
  setMember,
  updateTeam,
} from "../../entities/teams.ts";
import {
  createMachineToken,
  createPersonalToken,
  listMachineTokens,
  listPersonalTokens,
  revokeMachineToken,
  revokePersonalToken,
} from "../../entities/tokens.ts";
import { changePassword, createUser, getUser, listUsers, resetPassword, updateUser } from "../../entities/users.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import {
  createdToken,
  id,
  longText,
  member,
  name,
  permission,
  policies,
  role,
  team,
  timeInput,
  token,
  user,
} from "../schemas.ts";

const userId = { user: z.string() };
const memberId = {
  user: z.string().max(254).openapi({ description: "The user's id or e-mail address.", example: "ada@example.org" }),
};
const teamId = { team: id };
const password = z.string().max(1_000);

const users: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/users",
      operationId: "listUsers",
      summary: "Users",
      tag: "Users",
      needs: "user.read",
      query: pageQuery,
      answers: pageOf(user),
    },
    async ({ plane, actor, query }) => ({ body: await listUsers(plane, actor, pageRequest(query)) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/users",
      operationId: "createUser",
      summary: "Add a user",
      tag: "Users",
      needs: "user.manage",
      body: z.strictObject({
        email: z.email().max(254),
        name,
        role: id.default("member"),
        password: password.nullable().default(null),
      }),
      answers: user,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createUser(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/users/{user}",
      operationId: "getUser",
      summary: "A user",
      tag: "Users",
      needs: "user.read",
      params: userId,
      answers: user,
    },
    async ({ plane, actor, params }) => ({ body: await getUser(plane, actor, params.user) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/users/{user}",
      operationId: "updateUser",
      summary: "Change a user: name, role in the organisation, disabled",
      tag: "Users",
      needs: "user.manage",
      params: userId,
      body: z.strictObject({ name: name.optional(), role: id.optional(), disabled: z.boolean().optional() }),
      answers: user,
    },
    async ({ plane, actor, params, body, revision }) => {
      return { body: await updateUser(plane, actor, params.user, body, revision) };
    },
  ),
  endpoint(
    {
      method: "put",
      path: "/users/{user}/password",
      operationId: "resetPassword",
      summary: "Set somebody's password; their sessions end",
      tag: "Users",
      needs: "user.manage",
      params: userId,
      body: z.strictObject({ password }),
    },
    async ({ plane, actor, params, body }) => {
      await resetPassword(plane, actor, params.user, body.password);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "put",
      path: "/me/password",
      operationId: "changePassword",
      summary: "Change one's own password; all sessions end",
      tag: "Session",
      needs: "member",
      body: z.strictObject({ current: password, next: password }),
    },
    async ({ plane, actor, body }) => {
      await changePassword(plane, actor, body.current, body.next);
      return undefined;
    },
  ),
];

const teams: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/teams",
      operationId: "listTeams",
      summary: "Teams one belongs to, or may see",
      tag: "Teams",
      needs: "member",
      query: pageQuery,
      answers: pageOf(team),
    },
    async ({ plane, actor, query }) => ({ body: await listTeams(plane, actor, pageRequest(query)) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/teams",
      operationId: "createTeam",
      summary: "Make a team",
      tag: "Teams",
      needs: "team.create",
      body: z.strictObject({ id, name, description: longText.default(""), policies: policies.optional() }),
      answers: team,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createTeam(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/teams/{team}",
      operationId: "getTeam",
      summary: "A team",
      tag: "Teams",
      needs: "team.read",
      params: teamId,
      answers: team,
    },
    async ({ plane, actor, params }) => ({ body: await getTeam(plane, actor, params.team) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/teams/{team}",
      operationId: "updateTeam",
      summary: "Change a team",
      tag: "Teams",
      needs: "team.manage",
      params: teamId,
      body: z.strictObject({
        name: name.optional(),
        description: longText.optional(),
        policies: policies.optional(),
      }),
      answers: team,
    },
    async ({ plane, actor, params, body, revision }) => {
      return { body: await updateTeam(plane, actor, params.team, body, revision) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/teams/{team}",
      operationId: "deleteTeam",
      summary: "Remove a team that owns nothing",
      tag: "Teams",
      needs: "team.manage",
      params: teamId,
    },
    async ({ plane, actor, params, revision }) => {
      await deleteTeam(plane, actor, params.team, revision);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/teams/{team}/members",
      operationId: "listMembers",
      summary: "A team's members",
      tag: "Teams",
      needs: "team.read",
      params: teamId,
      answers: z.object({ items: z.array(member) }),
    },
    async ({ plane, actor, params }) => ({ body: { items: await listMembers(plane, actor, params.team) } }),
  ),
  endpoint(
    {
      method: "put",
      path: "/teams/{team}/members/{user}",
      operationId: "setMember",
      summary: "Add a member, or change a member's role",
      tag: "Teams",
      needs: "member.manage",
      params: { ...teamId, ...memberId },
      body: z.strictObject({ role: id }),
    },
    async ({ plane, actor, params, body }) => {
      await setMember(plane, actor, params.team, params.user, body.role);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/teams/{team}/members/{user}",
      operationId: "removeMember",
      summary: "Remove a member",
      tag: "Teams",
      needs: "member.manage",
      params: { ...teamId, ...memberId },
    },
    async ({ plane, actor, params }) => {
      await removeMember(plane, actor, params.team, params.user);
      return undefined;
    },
  ),
];

const roles: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/roles",
      operationId: "listRoles",
      summary: "Roles, built-in and own",
      tag: "Roles",
      needs: "member",
      answers: z.object({ items: z.array(role) }),
    },
    async ({ plane }) => ({ body: { items: await listRoles(plane) } }),
  ),
  endpoint(
    {
      method: "put",
      path: "/roles/{role}",
      operationId: "putRole",
      summary: "Make a role, or change one",
      tag: "Roles",
      needs: "role.manage",
      params: { role: id },
      body: z.strictObject({ name, scope: z.enum(["organisation", "team"]), permissions: z.array(permission) }),
      answers: role,
    },
    async ({ plane, actor, params, body, revision }) => {
      return { body: await putRole(plane, actor, { id: params.role, ...body }, revision) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/roles/{role}",
      operationId: "deleteRole",
      summary: "Remove a role that nobody has",
      tag: "Roles",
      needs: "role.manage",
      params: { role: id },
    },
    async ({ plane, actor, params, revision }) => {
      await deleteRole(plane, actor, params.role, revision);
      return undefined;
    },
  ),
];

const newToken = {
  name,
  scopes: z.array(permission).min(1).nullable().default(null),
  expires_at: timeInput.nullable().default(null),
};

const tokens: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/me/tokens",
      operationId: "listPersonalTokens",
      summary: "One's own tokens",
      tag: "Tokens",
      needs: "member",
      answers: z.object({ items: z.array(token) }),
    },
    async ({ plane, actor }) => ({ body: { items: await listPersonalTokens(plane, actor) } }),
  ),
  endpoint(
    {
      method: "post",
      path: "/me/tokens",
      operationId: "createPersonalToken",
      summary: "Make a token of one's own",
      tag: "Tokens",
      needs: "member",
      body: z.strictObject(newToken),
      answers: createdToken,
      status: 201,
    },
    async ({ plane, actor, body }) => ({
      body: await createPersonalToken(plane, actor, { ...body, expiresAtMs: body.expires_at }),
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/me/tokens/{token}",
      operationId: "revokePersonalToken",
      summary: "Revoke a token of one's own",
      tag: "Tokens",
      needs: "member",
      params: { token: z.string() },
    },
    async ({ plane, actor, params }) => {
      await revokePersonalToken(plane, actor, params.token);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/teams/{team}/tokens",
      operationId: "listMachineTokens",
      summary: "A team's machine tokens",
      tag: "Tokens",
      needs: "token.manage",
      params: teamId,
      answers: z.object({ items: z.array(token) }),
    },
    async ({ plane, actor, params }) => ({ body: { items: await listMachineTokens(plane, actor, params.team) } }),
  ),
  endpoint(
    {
      method: "post",
      path: "/teams/{team}/tokens",
      operationId: "createMachineToken",
      summary: "Make a machine token, with a team's role",
      tag: "Tokens",
      needs: "token.manage",
      params: teamId,
      body: z.strictObject({ ...newToken, role: id.default("developer") }),
      answers: createdToken,
      status: 201,
    },
    async ({ plane, actor, params, body }) => ({
      body: await createMachineToken(plane, actor, params.team, body.role, { ...body, expiresAtMs: body.expires_at }),
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/teams/{team}/tokens/{token}",
      operationId: "revokeMachineToken",
      summary: "Revoke a machine token",
      tag: "Tokens",
      needs: "token.manage",
      params: { ...teamId, token: z.string() },
    },
    async ({ plane, actor, params }) => {
      await revokeMachineToken(plane, actor, params.team, params.token);
      return undefined;
    },
  ),
];

export const peopleEndpoints: readonly Endpoint[] = [...users, ...teams, ...roles, ...tokens];
