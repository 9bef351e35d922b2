const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC850 =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** Unix milliseconds of an HTTP-date in any of its three forms (RFC 9110 §5.6.7), or null. */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const fix = FIXDATE.exec(text);
  if (fix !== null) return at(fix[3], fix[2], fix[1], fix[4], fix[5], fix[6]);
  const old = RFC850.exec(text);
  if (old !== null) {
    // More than 50 years ahead is the last such year that was.
    const thisYear = new Date(nowMs).getUTCFullYear();
    let year = Math.floor(thisYear / 100) * 100 + Number(old[3]);
    if (year > thisYear + 50) year -= 100;
    return at(String(year), old[2], old[1], old[4], old[5], old[6]);
  }
  const asctime = ASCTIME.exec(text);
  return asctime === null ? null : at(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
}

type Part = string | undefined;

function at(year: Part, month: Part, day: Part, hour: Part, minute: Part, second: Part): number | null {
  const index = MONTHS.indexOf(month ?? "");
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (index < 0 || h > 23 || m > 59 || s > 60) return null;
  const ms = Date.UTC(Number(year), index, Number(day), h, m, s);
  // Date takes the 31st of April for the 1st of May.
  return new Date(ms).getUTCDate() === Number(day) || s === 60 ? ms : null;
}
