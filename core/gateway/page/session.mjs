/** Who sits here: the link that `swarmlet page` printed, and what the node says to it. */

import { askJson, tokens } from "./api.mjs";

const KEPT = "swarmlet.token";
/** Shorter than any token, longer than the name of a section. */
const TOKEN_MIN = 40;

/** Takes the token out of the address, so that it is in no history. Says if there was one. */
export function takeToken() {
  const fragment = location.hash.slice(1);
  if (fragment.length < TOKEN_MIN) return false;
  sessionStorage.setItem(KEPT, fragment);
  history.replaceState(null, "", location.pathname);
  return true;
}

/** Asks the node who this is; without a token there is nothing to ask. */
export async function begin() {
  tokens.page = sessionStorage.getItem(KEPT) ?? "";
  tokens.renew = begin;
  if (!tokens.page) return null;
  const session = await askJson("GET", "session");
  tokens.app = session.appToken;
  return session;
}
