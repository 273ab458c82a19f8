#!/usr/bin/perl
# make-geoip.pl DIR - two small MaxMind databases of documentation addresses,
# DIR/asn.mmdb and DIR/country.mmdb (needs libmaxmind-db-writer-perl).
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my $dir = shift or die "usage: make-geoip.pl DIR\n";

my %types = (
	autonomous_system_number => 'uint32',
	autonomous_system_organization => 'utf8_string',
	country => 'map',
	registered_country => 'map',
	iso_code => 'utf8_string',
);

sub tree {
	my ($name, %rows) = @_;
	my $tree = MaxMind::DB::Writer::Tree->new(
		ip_version => 6,
		record_size => 24,
		database_type => $name,
		languages => ['en'],
		description => { en => "hansho tests, $name" },
		alias_ipv6_to_ipv4 => 1,
		remove_reserved_networks => 0,
		map_key_type_callback => sub { $types{ $_[0] } },
	);
	$tree->insert_network($_, $rows{$_}) for sort keys %rows;
	return $tree;
}

sub store {
	my ($tree, $path) = @_;
	open my $out, '>:raw', $path or die "$path: $!\n";
	$tree->write_tree($out);
	close $out or die "$path: $!\n";
}

sub as {
	my ($number, $organisation) = @_;
	return { autonomous_system_number => $number, autonomous_system_organization => $organisation };
}

store(tree('Test-ASN',
	'192.0.2.0/24' => as(64496, 'Example Hosting'),
	'198.51.100.0/25' => as(64497, ('x' x 62) . "\x{e9}\x{e9}"),
	'2001:db8::/32' => as(65551, "Caf\x{e9} Networks"),
), "$dir/asn.mmdb");

store(tree('Test-Country',
	'192.0.2.0/24' => { country => { iso_code => 'JP' }, registered_country => { iso_code => 'NL' } },
	'198.51.100.0/24' => { registered_country => { iso_code => 'NL' } },
	'2001:db8::/32' => { country => { iso_code => 'DE' } },
), "$dir/country.mmdb");
