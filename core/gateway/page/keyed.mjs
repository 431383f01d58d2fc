/** Lists that follow what there is and keep their elements: who has the focus in one keeps it. */

/**
 * Makes the children of an element follow a list, one for each item and in its order.
 *
 * `make` makes the element of an item, and `update` puts an item into one that is there.
 */
export function follow(parent, items, { key, make, update }) {
  const wanted = new Set(items.map((item) => String(key(item))));
  const known = new Map();
  for (const child of [...parent.children]) {
    if (wanted.has(child.dataset.key)) known.set(child.dataset.key, child);
    else child.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const child = known.get(name) ?? make(item);
    child.dataset.key = name;
    update?.(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}
