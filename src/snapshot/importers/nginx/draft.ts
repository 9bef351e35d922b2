import type { ServicePart } from "../configuration-part.ts";
import type { Place } from "../import-result.ts";
import type { PathRoute } from "./paths.ts";

/** What one `location` becomes, before services that differ in their routes alone are joined. */
export interface Draft {
  place: Place;
  wantedId: string;
  what: string;
  service: Omit<ServicePart, "id" | "routes">;
  routes: readonly PathRoute[];
  /** null: any host. */
  hosts: readonly (string | null)[];
  /** null: any method. */
  methods: readonly string[] | null;
  /** Nobody is to call it: it is not joined with services that some may call. */
  isClosed: boolean;
}
