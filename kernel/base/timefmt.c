#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>

enum { MS_PER_S = 1000, S_PER_DAY = 86400 };
/* Longer is a slip, and deadlines are computed with it. */
enum { DURATION_MAX_S = 366 * S_PER_DAY };

static const char day_names[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct moment {
    int64_t year;
    int month, day; /* 1-12, 1-31 */
    int hour, minute, second;
    int weekday; /* 0 is Sunday */
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap
 * day is the last of its year; 400 years have 146097 days. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400);
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct moment moment_from_unix(int64_t unix_s)
{
    int64_t days = floor_div(unix_s, S_PER_DAY);
    int64_t rest = unix_s - days * S_PER_DAY;
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 is March */
    struct moment m;

    m.day = (int)(of_year - (153 * month + 2) / 5 + 1);
    m.month = (int)(month < 10 ? month + 3 : month - 9);
    m.year = year + era * 400 + (m.month <= 2);
    m.hour = (int)(rest / 3600);
    m.minute = (int)(rest / 60 % 60);
    m.second = (int)(rest % 60);
    m.weekday = (int)((days % 7 + 11) % 7); /* 1970 began on a Thursday */
    return m;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool moment_is_valid(const struct moment *m)
{
    /* 60 is a leap second; it counts as the first second of the next minute. */
    return m->month >= 1 && m->month <= 12 && m->day >= 1 &&
           m->day <= days_in_month(m->year, m->month) && m->hour <= 23 && m->minute <= 59 &&
           m->second <= 60;
}

static int64_t moment_to_unix(const struct moment *m)
{
    return days_from_date(m->year, m->month, m->day) * S_PER_DAY + m->hour * 3600 + m->minute * 60 +
           m->second;
}

/* Readers of one piece: they take it off *rest and say whether it was there. */

static bool take(struct lk_str *rest, struct lk_str text)
{
    if (!lk_str_starts(*rest, text))
        return false;
    *rest = lk_str_slice(*rest, text.len, rest->len);
    return true;
}

static bool take_any(struct lk_str *rest, const char *chars, char *ret)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || !strchr(chars, rest->ptr[0]))
        return false;
    *ret = rest->ptr[0];
    *rest = lk_str_slice(*rest, 1, rest->len);
    return true;
}

static bool take_number(struct lk_str *rest, size_t digits, int *ret)
{
    int value = 0;

    if (rest->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = rest->ptr[i];

        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *ret = value;
    *rest = lk_str_slice(*rest, digits, rest->len);
    return true;
}

static bool take_clock(struct lk_str *rest, struct moment *m)
{
    return take_number(rest, 2, &m->hour) && take(rest, LK_STR(":")) &&
           take_number(rest, 2, &m->minute) && take(rest, LK_STR(":")) &&
           take_number(rest, 2, &m->second);
}

static bool take_fraction_ms(struct lk_str *rest, int *ret_ms)
{
    int scale = 100;
    char c;

    *ret_ms = 0;
    if (!take_any(rest, ".,", &c))
        return true;
    if (!take_any(rest, "0123456789", &c))
        return false;
    do {
        *ret_ms += (c - '0') * scale;
        scale /= 10;
    } while (take_any(rest, "0123456789", &c));
    return true;
}

static bool take_zone(struct lk_str *rest, int64_t *ret_offset_s)
{
    int hours, minutes;
    char sign;

    *ret_offset_s = 0;
    if (rest->len == 0 || take_any(rest, "Zz", &sign))
        return true;
    if (!take_any(rest, "+-", &sign) || !take_number(rest, 2, &hours))
        return false;
    (void)take(rest, LK_STR(":"));
    if (!take_number(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset_s = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

/* Writes the last digits of number and what follows them. */
static char *put_number(char *at, int number, int digits, char then)
{
    for (int i = digits; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    at[digits] = then;
    return at + digits + 1;
}

/* Every message to a client has its time, and snprintf(3) is slow. */
void lk_time_iso8601(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX])
{
    int64_t unix_s = floor_div(unix_ms, MS_PER_S);
    struct moment m = moment_from_unix(unix_s);
    char *at = ret;

    if (m.year < 0 || m.year > 9999)
        at += snprintf(ret, LK_TIME_TEXT_MAX, "%lld-", (long long)m.year);
    else
        at = put_number(at, (int)m.year, 4, '-');
    at = put_number(at, m.month, 2, '-');
    at = put_number(at, m.day, 2, 'T');
    at = put_number(at, m.hour, 2, ':');
    at = put_number(at, m.minute, 2, ':');
    at = put_number(at, m.second, 2, '.');
    at = put_number(at, (int)((unix_ms % MS_PER_S + MS_PER_S) % MS_PER_S), 3, 'Z');
    *at = '\0';
}

bool lk_time_from_iso8601(struct lk_str text, int64_t *ret_unix_ms)
{
    struct moment m = {.year = 0};
    int64_t offset_s;
    int year, ms;
    char c;

    if (!take_number(&text, 4, &year) || !take(&text, LK_STR("-")) ||
        !take_number(&text, 2, &m.month) || !take(&text, LK_STR("-")) ||
        !take_number(&text, 2, &m.day) || !take_any(&text, "Tt ", &c) || !take_clock(&text, &m) ||
        !take_fraction_ms(&text, &ms) || !take_zone(&text, &offset_s) || text.len)
        return false;
    m.year = year;
    if (!moment_is_valid(&m))
        return false;
    *ret_unix_ms = (moment_to_unix(&m) - offset_s) * MS_PER_S + ms;
    return true;
}

void lk_time_text(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX])
{
    struct moment m = moment_from_unix(floor_div(unix_ms, MS_PER_S));

    (void)snprintf(ret, LK_TIME_TEXT_MAX, "%04lld-%02d-%02d %02d:%02d:%02d UTC", (long long)m.year,
                   m.month % 100, m.day % 100, m.hour % 100, m.minute % 100, m.second % 100);
}

void lk_time_text_short(int64_t unix_ms, char ret[LK_TIME_TEXT_MAX])
{
    lk_time_text(unix_ms, ret);
    ret[strlen(ret) - strlen(":00 UTC")] = '\0';
}

void lk_time_http(int64_t unix_s, char ret[LK_TIME_TEXT_MAX])
{
    struct moment m = moment_from_unix(unix_s);

    (void)snprintf(ret, LK_TIME_TEXT_MAX, "%s, %02d %s %04lld %02d:%02d:%02d GMT",
                   day_names[m.weekday], m.day % 100, month_names[m.month - 1], (long long)m.year,
                   m.hour % 100, m.minute % 100, m.second % 100);
}

static bool take_month(struct lk_str *rest, int *ret)
{
    for (int i = 0; i < 12; i++)
        if (take(rest, lk_str_from(month_names[i]))) {
            *ret = i + 1;
            return true;
        }
    return false;
}

static bool take_day_name(struct lk_str *rest)
{
    for (int i = 0; i < 7; i++)
        if (take(rest, lk_str_from(day_names[i])))
            return true;
    return false;
}

/* ", 24 Nov 2026 01:50:00 GMT" */
static bool read_imf(struct lk_str rest, struct moment *m, int *year)
{
    return take(&rest, LK_STR(", ")) && take_number(&rest, 2, &m->day) &&
           take(&rest, LK_STR(" ")) && take_month(&rest, &m->month) && take(&rest, LK_STR(" ")) &&
           take_number(&rest, 4, year) && take(&rest, LK_STR(" ")) && take_clock(&rest, m) &&
           lk_str_eq(rest, LK_STR(" GMT"));
}

/* "sday, 24-Nov-26 01:50:00 GMT" (RFC 850): two digits of a year mean 1970 to 2069. */
static bool read_rfc850(struct lk_str rest, struct moment *m, int *year)
{
    rest = lk_str_slice(rest, lk_str_find_char(rest, ','), rest.len);
    if (!take(&rest, LK_STR(", ")) || !take_number(&rest, 2, &m->day) ||
        !take(&rest, LK_STR("-")) || !take_month(&rest, &m->month) || !take(&rest, LK_STR("-")) ||
        !take_number(&rest, 2, year) || !take(&rest, LK_STR(" ")) || !take_clock(&rest, m) ||
        !lk_str_eq(rest, LK_STR(" GMT")))
        return false;
    *year += *year < 70 ? 2000 : 1900;
    return true;
}

/* " Nov  4 01:50:00 2026" (asctime) */
static bool read_asctime(struct lk_str rest, struct moment *m, int *year)
{
    return take(&rest, LK_STR(" ")) && take_month(&rest, &m->month) && take(&rest, LK_STR(" ")) &&
           (take(&rest, LK_STR(" ")) ? take_number(&rest, 1, &m->day)
                                     : take_number(&rest, 2, &m->day)) &&
           take(&rest, LK_STR(" ")) && take_clock(&rest, m) && take(&rest, LK_STR(" ")) &&
           take_number(&rest, 4, year) && rest.len == 0;
}

bool lk_time_from_http(struct lk_str text, int64_t *ret_unix_s)
{
    struct moment m = {.year = 0};
    int year;

    if (!take_day_name(&text))
        return false;
    if (!read_imf(text, &m, &year) && !read_asctime(text, &m, &year) &&
        !read_rfc850(text, &m, &year))
        return false;
    m.year = year;
    if (!moment_is_valid(&m))
        return false;
    *ret_unix_s = moment_to_unix(&m);
    return true;
}

void lk_duration_text(int64_t ms, char ret[LK_DURATION_TEXT_MAX])
{
    int64_t s = ms < 0 ? 0 : ms / MS_PER_S;

    if (s < 10)
        (void)snprintf(ret, LK_DURATION_TEXT_MAX, "%d.%d s", (int)s,
                       ms < 0 ? 0 : (int)(ms % MS_PER_S / 100));
    else if (s < 60)
        (void)snprintf(ret, LK_DURATION_TEXT_MAX, "%d s", (int)s);
    else if (s < 3600)
        (void)snprintf(ret, LK_DURATION_TEXT_MAX, "%d min %02d s", (int)(s / 60), (int)(s % 60));
    else if (s < S_PER_DAY)
        (void)snprintf(ret, LK_DURATION_TEXT_MAX, "%d h %02d min", (int)(s / 3600),
                       (int)(s / 60 % 60));
    else
        (void)snprintf(ret, LK_DURATION_TEXT_MAX, "%lld d %d h", (long long)(s / S_PER_DAY),
                       (int)(s / 3600 % 24));
}

void lk_duration_text_whole(int64_t ms, char ret[LK_DURATION_TEXT_MAX])
{
    if (ms < 10 * MS_PER_S)
        (void)snprintf(ret, LK_DURATION_TEXT_MAX, "%d s", ms < 0 ? 0 : (int)(ms / MS_PER_S));
    else
        lk_duration_text(ms, ret);
}

/* Takes digits off *rest. */
static bool take_digits(struct lk_str *rest, int64_t *ret)
{
    size_t len = 0;
    struct lk_str digits;

    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    digits = lk_str_slice(*rest, 0, len);
    *rest = lk_str_slice(*rest, len, rest->len);
    return lk_str_to_i64(digits, ret);
}

bool lk_duration_parse(struct lk_str text, int64_t *ret_ms)
{
    static const char units[] = "dhms";
    static const int64_t unit_s[] = {S_PER_DAY, 3600, 60, 1};
    size_t next = 0; /* units come largest first, each once */
    int64_t total_s = 0;

    if (text.len && lk_str_find_char(LK_STR("dhms"), text.ptr[text.len - 1]) == 4) {
        /* a bare number is seconds */
        if (!take_digits(&text, &total_s) || text.len || total_s > DURATION_MAX_S)
            return false;
        *ret_ms = total_s * MS_PER_S;
        return true;
    }
    do {
        int64_t amount;
        const char *unit;

        if (!take_digits(&text, &amount) || text.len == 0 || text.ptr[0] == '\0')
            return false;
        unit = strchr(units + next, text.ptr[0]);
        if (!unit || amount > DURATION_MAX_S)
            return false;
        total_s += amount * unit_s[unit - units];
        next = (size_t)(unit - units) + 1;
        text = lk_str_slice(text, 1, text.len);
    } while (text.len);
    if (total_s > DURATION_MAX_S)
        return false;
    *ret_ms = total_s * MS_PER_S;
    return true;
}

void lk_size_text(int64_t bytes, char ret[LK_SIZE_TEXT_MAX])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        (void)snprintf(ret, LK_SIZE_TEXT_MAX, "%lld B", (long long)(bytes < 0 ? 0 : bytes));
        return;
    }
    /* 1023.95 would be written as 1024.0. */
    while (size >= 1023.95 && unit + 1 < LK_COUNT(units)) {
        size /= 1024;
        unit++;
    }
    (void)snprintf(ret, LK_SIZE_TEXT_MAX, "%.1f %s", size, units[unit]);
}
