import { expect, it, vi } from "vitest";
import { Progress } from "../../../src/cli/output/progress.ts";

function terminal(fields: object = { isTTY: true, columns: 60 }) {
  const written: string[] = [];
  const stream = { ...fields, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

it("progress is a bar that keeps to its line, and goes when the work is done", () => {
  const { stream, written } = terminal();
  let nowMs = 0;
  const progress = new Progress(stream, () => nowMs);
  progress.show(1, 4, "reading what is there");
  // Too soon after the one before to be worth a look.
  progress.show(2, 4, "reading what is there");
  nowMs = 60;
  progress.show(2, 4, `create service billing\u001b[2J${"!".repeat(80)}`);
  progress.show(4, 4, "done");
  progress.clear();
  progress.clear();
  const lines = written.map((text) => text.replace("\r\u001b[K", ""));
  expect(lines).toEqual([
    `${"█".repeat(6)}${"░".repeat(18)}  25 %  reading what is there`,
    expect.stringMatching(/^█{12}░{12} {2}50 % {2}create service billing/),
    `${"█".repeat(24)} 100 %  done`,
    "",
  ]);
  for (const line of lines) {
    expect(line.length).toBeLessThan(60);
    expect(line).not.toContain("\u001b");
  }
});

it("Fixed: the bar named a step that was over while the next one took long", () => {
  vi.useFakeTimers();
  try {
    const { stream, written } = terminal();
    const progress = new Progress(stream, () => Date.now());
    progress.show(0, 3, "one");
    progress.show(1, 3, "two");
    progress.show(2, 3, "three");
    vi.runAllTimers();
    progress.show(2, 3, "never");
    progress.clear();
    vi.runAllTimers();
    expect(written).toEqual([expect.stringContaining("one"), expect.stringContaining("three"), "\r\u001b[K"]);
  } finally {
    vi.useRealTimers();
  }
});

it("progress is silent where no terminal is", () => {
  const { stream, written } = terminal({ isTTY: false });
  const progress = new Progress(stream);
  progress.show(1, 2, "reading");
  progress.clear();
  expect(written).toEqual([]);
});
