#include "auth/aadsts.h"

#include "base/compiler.h"

#include <stddef.h>

static const struct {
    int64_t number;
    const char *advice;
} table[] = {
    {7000215, "The secret is wrong. Was the secret's ID pasted instead of its value? The portal "
              "shows the value only once."},
    {7000222, "The secret has expired: make a new one under Certificates & secrets."},
    {700027, "Entra does not know this certificate for the application: compare the thumbprint "
             "with Certificates & secrets of *this* application."},
    {700030, "The service wants the certificate chain (x5c), which this version does not send."},
    {50012, "The service wants the certificate chain (x5c), which this version does not send."},
    {700024, "The assertion is outside its time: check this machine's clock."},
    {700021, "Tenant, client id and cloud do not fit together: compare them."},
    {700023, "Tenant, client id and cloud do not fit together: compare them."},
    {50048, "Tenant, client id and cloud do not fit together: compare them."},
    {7000218, "The application must prove itself: turn on 'Allow public client flows', or register "
              "http://localhost under 'Mobile and desktop applications' instead of 'Web'."},
    {700025, "This is a public client: sign in without secret or certificate."},
    {53000, "Sign in from a device that your organisation manages."},
    {53001, "Sign in from a device that is joined to your organisation."},
    {50097, "Sign in from a device that your organisation knows."},
    {70008, "The sign-in is too old: %entra login again."},
    {700082, "The sign-in is too old: %entra login again."},
    {50173, "The password was changed: %entra login again."},
    {70043, "Your organisation wants a fresh sign-in: %entra login again."},
    {54005, "The sign-in page's answer was used already: %entra login again."},
    {501481, "The sign-in did not fit its answer: %entra login again."},
    {50020, "This account is not in the tenant: choose another account or --tenant."},
    {50034, "This account is not in the tenant: choose another account or --tenant."},
    {50196, "Too many equal requests: wait a minute, then try again."},
    {50076, "Multi-factor authentication is needed: %entra login (browser)."},
    {50079, "Multi-factor authentication is needed: %entra login (browser)."},
    {50074, "Multi-factor authentication is needed: %entra login (browser)."},
    {50078, "Multi-factor authentication has expired: %entra login (browser)."},
    {65001, "Nobody has consented yet: %entra login again and accept, or have an administrator "
            "consent. OneLake needs Azure Storage user_impersonation."},
    {53003, "Conditional access refused it: sign in with the browser, or give the correlation id "
            "to your administrator."},
    {530032, "Your tenant's policy refused it: give the correlation id to your administrator."},
    {530033, "Your tenant's policy refused it: sign in with the browser."},
    {530035, "Security defaults refused it: sign in with the browser."},
    {65004, "Consent was declined: %entra login again and accept."},
    {90094, "An administrator must consent to the application first."},
    {90095, "An administrator must consent to the application first."},
    {700016, "The application is not in this tenant: compare --tenant and --client."},
    {700011, "The application is not in this tenant: compare --tenant and --client."},
    {7000112, "The application is disabled: ask your administrator."},
    {70001, "The application is unknown or disabled: compare --client, or ask your administrator."},
    {90002,
     "There is no such tenant: check --tenant for a typo, or the cloud (LIVY_KERNEL_CLOUD)."},
    {70021, "No federated credential fits the issuer, subject and audience; a new one takes some "
            "minutes."},
    {50011, "Register http://localhost as redirect under 'Mobile and desktop applications'."},
    {70007, "The application refuses form_post; register http://localhost under 'Mobile and "
            "desktop applications'."},
    {50194, "This application does not work with /common: give --tenant."},
    {9001023, "This grant does not work with /common: give --tenant."},
    {900432, "Use the authority of the application's own cloud (LIVY_KERNEL_CLOUD)."},
    {900382, "Use the authority of the application's own cloud (LIVY_KERNEL_CLOUD)."},
    {500011, "The tenant does not know this resource: is Fabric turned on, is it the right cloud?"},
    {650057, "Add the permission to the application's API permissions."},
    {65005, "Add the permission to the application's API permissions."},
    {70011, "A scope is wrong: name scopes of one resource only."},
    {700022, "Scopes of several resources: name scopes of one resource only."},
    {9002327, "The redirect is registered as single-page application: register http://localhost "
              "under 'Mobile and desktop applications'."},
    {50105, "You are not assigned to the application: ask its owner."},
    {65002, "This client id is Microsoft's own: register an application of yours."},
    {90055, "Entra is throttling: wait a minute, then try again."},
    {50053, "The account is locked: wait, or have it unlocked."},
};

const char *lk_aadsts_advice(int64_t number)
{
    for (size_t i = 0; i < LK_COUNT(table); i++)
        if (table[i].number == number)
            return table[i].advice;
    return NULL;
}

int64_t lk_aadsts_number(struct lk_str description)
{
    struct lk_str prefix = LK_STR("AADSTS");
    size_t start = lk_str_find(description, prefix) + prefix.len, end = start;
    int64_t number;

    while (end < description.len && description.ptr[end] >= '0' && description.ptr[end] <= '9')
        end++;
    return lk_str_to_i64(lk_str_slice(description, start, end), &number) ? number : 0;
}
