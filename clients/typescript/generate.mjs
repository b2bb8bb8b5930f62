// Makes src/schema.d.ts of openapi.json. The command line of openapi-typescript calls a file a string; here it is a Blob.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const BLOB = ts.factory.createTypeReferenceNode(ts.factory.createIdentifier("Blob"));
const document = JSON.parse(await readFile("openapi.json", "utf8"));
const nodes = await openapiTS(document, {
  transform: (schema) => (schema.format === "binary" ? BLOB : undefined),
});
await writeFile("src/schema.d.ts", `// Made by generate.mjs of openapi.json.\n${astToString(nodes)}`);
