import { describe, expect, it } from "vitest";

import { parseTrace } from "../src/page/browse/trace";

const TRACE = `Traceback (most recent call last):
  File "/home/dags/sales.py", line 3, in <module>
    import helper
  File "/home/dags/helper.py", line 9, in <module>
    1 / 0
    ~~^~~
ZeroDivisionError: division by zero
`;

describe("a traceback", () => {
  it("is told by the line of the file that is to be mended", () =>
    expect(parseTrace(TRACE, "sales.py")).toEqual({ message: "ZeroDivisionError: division by zero", line: 3, source: "import helper" }));
  it("is not told by another file of the same name that the DAG file called", () =>
    expect(parseTrace('  File "/d/sales.py", line 4, in <module>\n    run()\n  File "/lib/sdk/sales.py", line 99, in run\n    raise X\nX: no', "sales.py")).toMatchObject({ line: 4, source: "run()" }));
  it("without a frame of the file is told by its last line", () =>
    expect(parseTrace("Timeout: sales.py took 30 s", "sales.py")).toEqual({ message: "Timeout: sales.py took 30 s", line: null, source: null }));
  it("of a syntax error names the line that does not parse", () =>
    expect(parseTrace('  File "/d/sales.py", line 7\n    def x(:\n          ^\nSyntaxError: invalid syntax', "sales.py")).toMatchObject({ line: 7, source: "def x(:" }));
});
