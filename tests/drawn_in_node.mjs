// What a draw function of the site draws for some values of its controls, without a page: see test_drawn.py.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const { folder, name, size, alt, values } = JSON.parse(fs.readFileSync(0, "utf8"));
const drawings = {};
const page = vm.createContext({ drawn: (key, draw) => (drawings[key] = draw) });
for (const script of ["axes.js", `drawn/${name}.js`]) {
  vm.runInContext(fs.readFileSync(path.join(folder, script), "utf8"), page, { filename: script });
}
const { Axes, format } = vm.runInContext("({ Axes, format })", page);
const pictures = values.map((chosen) => {
  const ax = new Axes(size);
  drawings[name](ax, chosen);
  const ticks = { x: ax.ticks("x"), y: ax.ticks("y") };
  return { ...ax, ticks, frame: ax.frame(), svg: ax.svg(), alt: format(alt, chosen) };
});
console.log(JSON.stringify(pictures));
