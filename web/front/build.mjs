// Puts what the pages need from node_modules into web/static/vendor. Run by `make front`.
//
// Only files that are named here reach a browser. Drawings become one file of symbols, because a
// page uses a dozen of some thousands.
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const target = join(here, "..", "static", "vendor");
const fresh = `${target}.new`;

const FILES = {
  "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
  "htmx.min.js": "htmx.org/dist/htmx.min.js",
};

// Every name that a template gives to the macro `icon`; a test holds the two in step.
const ICONS = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter(Boolean);

function symbol(name) {
  const drawing = readFileSync(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const body = drawing.slice(drawing.indexOf(">", drawing.indexOf("<svg")) + 1, drawing.lastIndexOf("</svg>"));
  const style = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${style}>${body.replace(/\s*\n\s*/g, "")}</symbol>`;
}

// A source map would be asked for and is not served.
function withoutMap(text) {
  return text.replace(/\/\*# sourceMappingURL=\S+ \*\/\s*$/, "\n");
}

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
for (const [name, source] of Object.entries(FILES)) {
  writeFileSync(join(fresh, name), withoutMap(readFileSync(join(modules, source), "utf8")));
}
const license = readFileSync(join(modules, "@tabler/icons/LICENSE"), "utf8");
const sprite = ["<!--", license.trim(), "-->", '<svg xmlns="http://www.w3.org/2000/svg">', ...ICONS.map(symbol), "</svg>", ""];
writeFileSync(join(fresh, "icons.svg"), sprite.join("\n"));
rmSync(target, { recursive: true, force: true });
renameSync(fresh, target);
