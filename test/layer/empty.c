/*
 * empty.c - linked with all of one layer and the archives below it. A call
 * upwards is an undefined reference, and `make check` fails.
 */
int main(void);

int
main(void)
{
	return 0;
}
