#include "base/timefmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Years outside 0…9999 do not fit the formats; nobody means them. */
static struct tm civil(int64_t unix_s)
{
    const int64_t first = -62167219200, last = 253402300799;
    time_t at = (time_t)(unix_s < first ? first : unix_s > last ? last : unix_s);
    struct tm tm;

    gmtime_r(&at, &tm);
    return tm;
}

/* Days since 1970-01-01 of a civil date in the Gregorian calendar. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t era, year_of_era, day_of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

struct parts {
    int64_t year, month, day, hour, minute, second;
};

static bool valid(const struct parts *p)
{
    return p->month >= 1 && p->month <= 12 && p->day >= 1 && p->day <= 31 && p->hour <= 23 &&
           p->minute <= 59 && p->second <= 60;
}

static int64_t to_unix_s(const struct parts *p)
{
    return days_from_civil(p->year, p->month, p->day) * 86400 + p->hour * 3600 + p->minute * 60 +
           p->second;
}

/* Exactly n digits off the front of *s. */
static bool take_digits(struct lk_str *s, size_t n, int64_t *ret)
{
    struct lk_str digits = lk_str_slice(*s, 0, n);

    if (digits.len != n || digits.ptr[0] == '-' || !lk_str_to_i64(digits, ret))
        return false;
    *s = lk_str_slice(*s, n, s->len);
    return true;
}

static bool take_char(struct lk_str *s, const char *any_of)
{
    if (!s->len || !strchr(any_of, s->ptr[0]) || !s->ptr[0])
        return false;
    *s = lk_str_slice(*s, 1, s->len);
    return true;
}

void lk_time_iso8601(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX])
{
    int64_t s = unix_ms >= 0 ? unix_ms / 1000 : (unix_ms - 999) / 1000;
    struct tm tm = civil(s);

    snprintf(ret, LK_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
             tm.tm_sec, (int)(unix_ms - s * 1000));
}

/* ".123…" → ms; any number of digits. */
static bool take_fraction(struct lk_str *s, int64_t *ret_ms)
{
    int64_t scale = 100;
    size_t digits = 0;

    *ret_ms = 0;
    if (!take_char(s, "."))
        return true;
    while (s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
        *ret_ms += (s->ptr[0] - '0') * scale;
        scale /= 10;
        digits++;
        *s = lk_str_slice(*s, 1, s->len);
    }
    return digits > 0;
}

static bool take_zone(struct lk_str *s, int64_t *ret_s)
{
    int64_t hours, minutes;
    bool west;

    *ret_s = 0;
    if (!s->len || take_char(s, "Zz"))
        return true;
    west = s->ptr[0] == '-';
    if (!take_char(s, "+-") || !take_digits(s, 2, &hours))
        return false;
    take_char(s, ":");
    if (!take_digits(s, 2, &minutes))
        return false;
    *ret_s = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
}

bool lk_time_from_iso8601(struct lk_str text, int64_t *ret_unix_ms)
{
    struct parts p;
    int64_t ms, zone_s;

    text = lk_str_trim(text);
    if (!take_digits(&text, 4, &p.year) || !take_char(&text, "-") ||
        !take_digits(&text, 2, &p.month) || !take_char(&text, "-") ||
        !take_digits(&text, 2, &p.day) || !take_char(&text, "Tt ") ||
        !take_digits(&text, 2, &p.hour) || !take_char(&text, ":") ||
        !take_digits(&text, 2, &p.minute) || !take_char(&text, ":") ||
        !take_digits(&text, 2, &p.second) || !take_fraction(&text, &ms) ||
        !take_zone(&text, &zone_s) || text.len || !valid(&p))
        return false;
    *ret_unix_ms = (to_unix_s(&p) - zone_s) * 1000 + ms;
    return true;
}

void lk_time_http(int64_t unix_s, char ret[LK_TIME_TEXT_MAX])
{
    struct tm tm = civil(unix_s);

    snprintf(ret, LK_TIME_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
             tm.tm_mday, months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min,
             tm.tm_sec);
}

static bool take_month(struct lk_str *s, int64_t *ret)
{
    for (int i = 0; i < 12; i++)
        if (lk_str_starts(*s, lk_str_from(months[i]))) {
            *ret = i + 1;
            *s = lk_str_slice(*s, 3, s->len);
            return true;
        }
    return false;
}

bool lk_time_from_http(struct lk_str text, int64_t *ret_unix_s)
{
    struct parts p;
    struct lk_str day_name, rest;

    if (!lk_str_split(lk_str_trim(text), ',', &day_name, &rest))
        return false;
    rest = lk_str_trim(rest);
    if (!take_digits(&rest, 2, &p.day) || !take_char(&rest, " ") || !take_month(&rest, &p.month) ||
        !take_char(&rest, " ") || !take_digits(&rest, 4, &p.year) || !take_char(&rest, " ") ||
        !take_digits(&rest, 2, &p.hour) || !take_char(&rest, ":") ||
        !take_digits(&rest, 2, &p.minute) || !take_char(&rest, ":") ||
        !take_digits(&rest, 2, &p.second) || !lk_str_eq(rest, LK_STR(" GMT")) || !valid(&p))
        return false;
    *ret_unix_s = to_unix_s(&p);
    return true;
}

void lk_duration_text(int64_t ms, char ret[LK_DURATION_TEXT_MAX])
{
    const int64_t s = (ms < 0 ? -ms : ms) / 1000;
    const char *sign = ms < 0 ? "-" : "";

    if (s < 10)
        snprintf(ret, LK_DURATION_TEXT_MAX, "%s%d.%d s", sign, (int)s,
                 (int)((ms < 0 ? -ms : ms) % 1000 / 100));
    else if (s < 60)
        snprintf(ret, LK_DURATION_TEXT_MAX, "%s%d s", sign, (int)s);
    else if (s < 3600)
        snprintf(ret, LK_DURATION_TEXT_MAX, "%s%d min %02d s", sign, (int)(s / 60), (int)(s % 60));
    else if (s < 86400)
        snprintf(ret, LK_DURATION_TEXT_MAX, "%s%d h %02d min", sign, (int)(s / 3600),
                 (int)(s / 60 % 60));
    else
        snprintf(ret, LK_DURATION_TEXT_MAX, "%s%" PRId64 " d %d h", sign, s / 86400,
                 (int)(s / 3600 % 24));
}

bool lk_duration_parse(struct lk_str text, int64_t *ret_ms)
{
    const int64_t longest_s = (int64_t)366 * 86400;
    int64_t total_s = 0;

    text = lk_str_trim(text);
    if (!text.len)
        return false;
    while (text.len) {
        size_t digits = 0;
        int64_t number, unit = 1;
        while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
            digits++;
        if (!digits || !lk_str_to_i64(lk_str_slice(text, 0, digits), &number) || number > longest_s)
            return false;
        text = lk_str_slice(text, digits, text.len);
        if (text.len) {
            const char *at = strchr("smhd", text.ptr[0]);
            if (!at || !*at)
                return false;
            unit = *at == 's' ? 1 : *at == 'm' ? 60 : *at == 'h' ? 3600 : 86400;
            text = lk_str_slice(text, 1, text.len);
        }
        total_s += number * unit;
        if (total_s > longest_s)
            return false;
    }
    *ret_ms = total_s * 1000;
    return true;
}

void lk_size_text(int64_t bytes, char ret[LK_SIZE_TEXT_MAX])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(ret, LK_SIZE_TEXT_MAX, "%" PRId64 " B", bytes);
        return;
    }
    for (value /= 1024; value >= 1023.95 && unit < LK_COUNT(units) - 1; unit++)
        value /= 1024;
    snprintf(ret, LK_SIZE_TEXT_MAX, "%.1f %s", value, units[unit]);
}
