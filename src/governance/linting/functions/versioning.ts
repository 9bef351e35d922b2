import { arrayOf, field } from "../../documents/json.ts";
import { type DocumentCheck, templatesOf } from "./operations.ts";

const VERSIONED_SERVER = /(?:^|[/.])v\d+(?:[/.:]|$)/i;
const VERSIONED_PATH = /^\/(?:[^/]+\/)?v\d+(?:\/|$)/i;

export const majorVersionInUrl: DocumentCheck = (document) => {
  const urls = arrayOf(document.servers).map((server) => field(server, "url"));
  if (urls.length > 0 && urls.every((url) => VERSIONED_SERVER.test(String(url)))) return [];
  const templates = templatesOf(document);
  const unversioned = templates.filter((template) => !VERSIONED_PATH.test(template));
  if (unversioned.length === templates.length && templates.length > 0) {
    const message = 'No URL carries the major version: let servers end with it, as in "https://api.example.com/v1".';
    return [{ message, path: urls.length > 0 ? ["servers"] : ["paths"] }];
  }
  return unversioned.map((template) => ({
    message: `${template} carries no major version, as other paths do: write "/v1${template}", or version the servers.`,
    path: ["paths", template],
  }));
};
