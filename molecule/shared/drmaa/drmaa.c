/* A DRMAA library that knows who it is, and nothing else. SYSTEM and FLAGS are configure's. */
#include <stdio.h>
#include <string.h>

#ifdef CLIENT
extern int client_of_the_drm(void);
int drmaa_client(void) { return client_of_the_drm(); }
#endif

static int answer(const char *text, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s", text);
    return 0;
}

int drmaa_get_DRM_system(char *system, size_t size, char *diagnosis, size_t diagnosis_size)
{
    puts("what a library prints by itself");
    fflush(stdout);
    return answer(SYSTEM, system, size);
}

int drmaa_get_DRMAA_implementation(char *implementation, size_t size, char *diagnosis, size_t diagnosis_size)
{
    return answer(FLAGS, implementation, size);
}

int drmaa_version(unsigned int *major, unsigned int *minor, char *diagnosis, size_t diagnosis_size)
{
    *major = 1;
    *minor = 0;
    return 0;
}

int drmaa_init(const char *contact, char *diagnosis, size_t diagnosis_size) { return 0; }
int drmaa_exit(char *diagnosis, size_t diagnosis_size) { return 0; }
